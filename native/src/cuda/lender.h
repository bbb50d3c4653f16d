// Things that calls borrow for as long as they last: made when all are out, up to a number of them; then a call waits for one to come back. A call
// whose own could not be made for want of memory takes one of the others, too.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "common/condition_variable.h"
#include "common/error.h"

namespace juice::cuda {

template <class T>
class Lender {
public:
    explicit Lender(int most) : most_(most) { idle_.reserve(static_cast<std::size_t>(most)); }

    // One of them, which goes back at the end of its life.
    class Loan {
    public:
        Loan(Lender& lender, std::unique_ptr<T> lent) : lender_(lender), lent_(std::move(lent)) {}
        Loan(Loan&&) noexcept = default;
        ~Loan() {
            if (lent_) lender_.take_back(std::move(lent_));
        }
        T& operator*() const noexcept { return *lent_; }
        T* operator->() const noexcept { return lent_.get(); }

    private:
        Lender& lender_;
        std::unique_ptr<T> lent_;
    };

    // make() makes another one; what it throws comes through where there is no other.
    template <class Make>
    Loan borrow(Make make) {
        std::unique_lock lock(mutex_);
        for (;;) {
            if (!idle_.empty()) {
                auto lent = std::move(idle_.back());
                idle_.pop_back();
                return Loan(*this, std::move(lent));
            }
            if (made_ < most_) {
                ++made_;
                lock.unlock();
                std::unique_ptr<T> fresh;
                try {
                    fresh = make();
                } catch (const Error& error) {
                    give_up(lock);
                    if (error.status() != JUICE_ERROR_MEMORY || made_ == 0) throw;
                    most_ = made_;      // as many as there is room for
                    continue;
                } catch (...) {
                    give_up(lock);
                    throw;
                }
                return Loan(*this, std::move(fresh));
            }
            back_.wait(lock);
        }
    }

private:
    std::mutex mutex_;
    std::condition_variable back_;
    std::vector<std::unique_ptr<T>> idle_;
    int most_, made_ = 0;

    void give_up(std::unique_lock<std::mutex>& lock) {
        lock.lock();
        --made_;
        back_.notify_all();
    }

    void take_back(std::unique_ptr<T> lent) noexcept {
        {
            const std::lock_guard lock(mutex_);
            idle_.push_back(std::move(lent));       // there is room for all of them
        }
        back_.notify_one();
    }
};

}  // namespace juice::cuda
