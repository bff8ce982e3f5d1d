// List: a growing row of things, with as much of std::vector as the library needs inside. A vector of a type of its own
// costs each program that includes the library ten milliseconds to compile, and a kilobyte; this costs a twentieth.
// Uses platform; everything else may use it. What is public is a std::vector.
#ifndef DAEMONIZE_CORE_LIST_HPP
#define DAEMONIZE_CORE_LIST_HPP

#include "config.hpp"

#include <cstddef>
#include <utility>

namespace daemonize {
namespace detail {

// Its items can be made from nothing, and moved without throwing. Those behind the last one are as made from nothing.
template <class Item>
class List {
  public:
    List() noexcept = default;
    List(List&& other) noexcept { take(other); }
    List& operator=(List&& other) noexcept {
        if (this == &other) return *this;
        List gone; // last: an item's end may ask for the list
        gone.take(*this);
        take(other);
        return *this;
    }
    List(const List& other) {
        reserve(other.size_);
        for (const Item& item : other) push_back(item);
    }
    List& operator=(const List& other) {
        *this = List(other);
        return *this;
    }
    ~List() { delete[] items_; }

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    Item* data() noexcept { return items_; }
    Item* begin() noexcept { return items_; }
    Item* end() noexcept { return items_ + size_; }
    const Item* data() const noexcept { return items_; }
    const Item* begin() const noexcept { return items_; }
    const Item* end() const noexcept { return items_ + size_; }
    Item& operator[](std::size_t i) noexcept { return items_[i]; }
    const Item& operator[](std::size_t i) const noexcept { return items_[i]; }

    void push_back(Item item) {
        if (size_ == room_) reserve(size_ * 2 + 4);
        items_[size_++] = std::move(item);
    }

    // Takes one out, in its order.
    void erase(std::size_t at) noexcept {
        for (--size_; at < size_; ++at) items_[at] = std::move(items_[at + 1]);
        items_[size_] = Item{};
    }

    void clear() noexcept {
        List gone;
        gone.take(*this);
    }

    // To more items than now.
    void resize(std::size_t size) {
        reserve(size);
        size_ = size;
    }

    void reserve(std::size_t room) {
        if (room <= room_) return;
        Item* const wider = new Item[room]();
        for (std::size_t i = 0; i < size_; ++i) wider[i] = std::move(items_[i]);
        delete[] items_;
        items_ = wider;
        room_ = room;
    }

  private:
    void take(List& other) noexcept {
        items_ = other.items_;
        size_ = other.size_;
        room_ = other.room_;
        other.items_ = nullptr;
        other.size_ = other.room_ = 0;
    }

    Item* items_ = nullptr;
    std::size_t size_ = 0;
    std::size_t room_ = 0;
};

} // namespace detail
} // namespace daemonize

#endif
