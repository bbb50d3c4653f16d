// The one place where exceptions end: every function of juice.h that can fail runs its body in guard().
#pragma once

#include <exception>
#include <new>

#include "common/error.h"
#include "juice/juice.h"

namespace juice::api {

// Keeps the calling thread's message and hands the status back. Copies into memory that is always there: it works when there is none left.
juice_status failed(juice_status status, const char* sentence) noexcept;

template <typename Body>
juice_status guard(Body&& body) noexcept {
    try {
        body();
        return JUICE_OK;
    } catch (const Error& error) {
        return failed(error.status(), error.what());
    } catch (const std::bad_alloc&) {
        return failed(JUICE_ERROR_MEMORY, "The memory that the call needs could not be had.");
    } catch (const std::exception& error) {
        return failed(JUICE_ERROR_INTERNAL, error.what());
    } catch (...) {
        return failed(JUICE_ERROR_INTERNAL, "An exception of an unknown type was thrown.");
    }
}

}  // namespace juice::api
