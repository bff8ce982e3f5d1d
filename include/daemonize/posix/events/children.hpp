// WatchedChildren: the children whose end has a callback, and the call of the callback (internal).
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
    Descriptor pidfd; // empty: SIGCHLD reports the end
    Callback<void(int)> callback;
    bool may_have_ended = true; // a child may end before it is watched
};

// waitpid(2) is called for each watched child by its number. The status of any other child stays for the application.
class WatchedChildren {
  public:
    explicit WatchedChildren(Poller& poller) noexcept : poller_(poller) {}
    WatchedChildren(const WatchedChildren&) = delete;
    WatchedChildren& operator=(const WatchedChildren&) = delete;
    ~WatchedChildren() { close(); }

    bool has(pid_t pid) const noexcept {
        for (const WatchedChild& child : children_) {
            if (child.pid == pid) return true;
        }
        return false;
    }

    // A second callback for the same child replaces the first.
    void add(WatchedChild added) {
        for (WatchedChild& child : children_) {
            if (child.pid != added.pid) continue;
            child.callback = std::move(added.callback);
            return;
        }
        poller_.reserve(children_.size() + 1);
        const ForkLock lock;
        children_.push_back(std::move(added));
    }

    // Marks the children that may have ended. SIGCHLD does not say which child has ended, so it marks all.
    void find_ended(bool sigchld_came) noexcept {
        if (children_.empty()) return;
        for (WatchedChild& child : children_) child.may_have_ended |= sigchld_came;
        poller_.visit_ended([&](pid_t pid) {
            for (WatchedChild& child : children_) child.may_have_ended |= child.pid == pid;
        });
    }

    // Whether a child is marked and take_ended() has not asked for its status yet.
    bool is_pending() const noexcept {
        for (const WatchedChild& child : children_) {
            if (child.may_have_ended) return true;
        }
        return false;
    }

    // Calls the callback of each marked child that has ended. Sets `has_called` before the first call, because a
    // callback may throw.
    void call_ended(bool& has_called) {
        WatchedChild ended;
        for (int wait_status = 0; take_ended(ended, wait_status);) {
            has_called = true;
            ended.callback(wait_status);
        }
    }

    // Frees no memory: a forked child calls close(), and free(3) is not safe in a forked child.
    void close() noexcept {
        for (WatchedChild& child : children_) child.pidfd.reset();
    }

  private:
    // Removes one marked child that has ended, and takes its status. Returns false when no marked child has ended.
    bool take_ended(WatchedChild& ended, int& wait_status) {
        for (std::size_t i = 0; i < children_.size(); ++i) {
            if (!std::exchange(children_[i].may_have_ended, false)) continue;
            const pid_t pid = children_[i].pid;
            const pid_t reaped = retry([&] { return DAEMONIZE_SYSTEM(waitpid)(pid, &wait_status, WNOHANG); });
            if (reaped == 0) continue;
            if (reaped == -1) wait_status = -1; // ECHILD: the application has taken the status
            const ForkLock lock;
            ended = std::move(children_[i]);
            children_.erase(i);
            poller_.forget(std::move(ended.pidfd));
            return true;
        }
        return false;
    }

    Poller& poller_;
    List<WatchedChild> children_;
};

} // namespace detail
} // namespace daemonize

#endif
