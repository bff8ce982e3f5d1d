// WatchedChildren: children whose end somebody wants to hear of, each asked for by its own number: other children are not
// ours to wait for. Uses wait_set and fork_lock; Events uses it.
#ifndef DAEMONIZE_POSIX_EVENTS_CHILDREN_HPP
#define DAEMONIZE_POSIX_EVENTS_CHILDREN_HPP

#include "../../core/callback.hpp"
#include "../system/fork_handlers.hpp"
#include "poller.hpp"

#include <sys/wait.h>
#include <utility>

namespace daemonize {
namespace detail {

struct WatchedChild {
    pid_t pid = -1;
    Descriptor process; // none: SIGCHLD tells
    Callback<void(int)> callback;
    bool may_have_ended = true; // before it was watched, for one
};

class WatchedChildren {
  public:
    explicit WatchedChildren(const WaitSet& set) noexcept : set_(set) {}
    WatchedChildren(const WatchedChildren&) = delete;
    WatchedChildren& operator=(const WatchedChildren&) = delete;
    ~WatchedChildren() { close(); }

    bool has(pid_t pid) const noexcept {
        for (const WatchedChild& child : children_) {
            if (child.pid == pid) return true;
        }
        return false;
    }

    void add(WatchedChild added) {
        for (WatchedChild& child : children_) {
            if (child.pid != added.pid) continue;
            child.callback = std::move(added.callback);
            return;
        }
        const ForkLock held;
        children_.push_back(std::move(added));
    }

    // Looks which may have ended. `signalled`: SIGCHLD came, which says that any may.
    void look(bool signalled) {
        if (children_.empty()) return;
        for (WatchedChild& child : children_) child.may_have_ended |= signalled;
        set_.visit_ended(children_.size(), [&](pid_t pid) {
            for (WatchedChild& child : children_) child.may_have_ended |= child.pid == pid;
        });
    }

    // Whether one that may have ended is not asked yet.
    bool is_pending() const noexcept {
        for (const WatchedChild& child : children_) {
            if (child.may_have_ended) return true;
        }
        return false;
    }

    // Takes one that has ended off the list, and waits for it. False where there is none.
    bool take_ended(WatchedChild& ended, int& wait_status) {
        for (std::size_t i = 0; i < children_.size(); ++i) {
            if (!std::exchange(children_[i].may_have_ended, false)) continue;
            const pid_t pid = children_[i].pid;
            const pid_t reaped = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(pid, &wait_status, WNOHANG); });
            if (reaped == 0) continue;
            if (reaped == -1) wait_status = -1; // somebody else has waited for it
            const ForkLock held;
            ended = std::move(children_[i]);
            children_.erase(i);
            set_.forget(std::move(ended.process));
            return true;
        }
        return false;
    }

    // In a forked child as well, where nothing may be freed.
    void close() noexcept {
        for (WatchedChild& child : children_) child.process.reset();
    }

  private:
    const WaitSet& set_;
    List<WatchedChild> children_;
};

} // namespace detail
} // namespace daemonize

#endif
