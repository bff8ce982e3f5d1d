// List: the part of std::vector that the library needs for its own types (internal). std::vector costs every program
// that includes the library ten milliseconds and a kilobyte for each element type; List costs a twentieth of both.
// Public functions, and elements that are std::string, Failure or Socket, use std::vector.
#ifndef DAEMONIZE_CORE_LIST_HPP
#define DAEMONIZE_CORE_LIST_HPP

#include "config.hpp"

#include <cstddef>
#include <utility>

namespace daemonize {
namespace detail {

// An Item has a default constructor and a move that does not throw. Items behind the last one are default-constructed.
template <class Item>
class List {
  public:
    List() noexcept = default;
    List(List&& other) noexcept { take(other); }
    List& operator=(List&& other) noexcept {
        if (this == &other) return *this;
        List gone; // destroyed last: the destructor of an item may use this List
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
        if (size_ == capacity_) reserve(size_ * 2 + 4);
        items_[size_++] = std::move(item);
    }

    // Removes one item and keeps the order of the others.
    void erase(std::size_t at) noexcept {
        for (--size_; at < size_; ++at) items_[at] = std::move(items_[at + 1]);
        items_[size_] = Item{};
    }

    void clear() noexcept {
        List gone;
        gone.take(*this);
    }

    // `size` must not be below size().
    void resize(std::size_t size) {
        reserve(size);
        size_ = size;
    }

    void reserve(std::size_t capacity) {
        if (capacity <= capacity_) return;
        Item* const wider = new Item[capacity]();
        for (std::size_t i = 0; i < size_; ++i) wider[i] = std::move(items_[i]);
        delete[] items_;
        items_ = wider;
        capacity_ = capacity;
    }

  private:
    void take(List& other) noexcept {
        items_ = other.items_;
        size_ = other.size_;
        capacity_ = other.capacity_;
        other.items_ = nullptr;
        other.size_ = other.capacity_ = 0;
    }

    Item* items_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

} // namespace detail
} // namespace daemonize

#endif
