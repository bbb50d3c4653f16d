// What a call throws, and that it throws that its device is lost.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "juice/juice.h"

namespace juice {

// The sentence and status of what the work throws; JUICE_OK where it throws nothing.
std::pair<juice_status, std::string> outcome(const std::function<void()>& work);

// The work says that cuda:device is lost since a kernel on it wrote where there is no memory.
void expect_lost(const std::function<void()>& work, int device);

}  // namespace juice
