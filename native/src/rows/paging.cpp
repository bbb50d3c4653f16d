#include "rows/paging.h"

#include <algorithm>

#include "rows/view.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace juice {

namespace {

#if defined(__unix__) || defined(__APPLE__)

constexpr int in_any_order = MADV_RANDOM, as_usual = MADV_NORMAL, soon = MADV_WILLNEED, no_more = MADV_DONTNEED;

std::uintptr_t page_size() { return static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE)); }

// Advice only: a system that does not take it reads more slowly.
void advise(std::uintptr_t begin, std::uintptr_t end, int advice) {
    if (begin < end) madvise(reinterpret_cast<void*>(begin), end - begin, advice);
}

#else

constexpr int in_any_order = 0, as_usual = 0, soon = 0, no_more = 0;

std::uintptr_t page_size() { return 4096; }
void advise(std::uintptr_t, std::uintptr_t, int) {}

#endif

// Linux fetches no more than this for one request, and passes the rest over.
constexpr std::uintptr_t largest_request = 128 << 10;
// Linux maps so much of the file around a page that is touched, as far as it has it in its cache.
constexpr std::int64_t mapped_around = 64 << 10;
// Bytes of rows that are read before their pages are given back: enough for the calls to cost nothing, and little beside any file worth mapping.
constexpr std::int64_t most_held = 32 << 20;

}  // namespace

Paging::Paging(const juice_rows& rows) : rows_(rows) {
    if (!rows.mapped || !rows.data || rows.count == 0) return;
    page_ = page_size();
    row_bytes_ = (rows.row_stride ? rows.row_stride : rows.variables) * static_cast<std::int64_t>(element_size(rows.element));
    const auto first = reinterpret_cast<std::uintptr_t>(rows.data);
    const auto bytes = static_cast<std::uintptr_t>((rows.selection ? rows.data_count : rows.count) * row_bytes_);
    begin_ = first / page_ * page_;
    end_ = (first + bytes + page_ - 1) / page_ * page_;
    advise(begin_, end_, in_any_order);     // a fault fetches its page and not the 30 around it, which belong to other batches
}

Paging::~Paging() {
    if (begin_ == end_) return;
    advise(begin_, end_, as_usual);
    advise(begin_, end_, no_more);
}

void Paging::ask(std::uintptr_t begin, std::uintptr_t end) const {
    for (; begin < end; begin += largest_request) advise(begin, std::min(begin + largest_request, end), soon);
}

void Paging::ahead(const std::int64_t* indices, std::int64_t first, std::int64_t n) {
    if (begin_ == end_) return;
    const auto data = reinterpret_cast<std::uintptr_t>(rows_.data);
    std::uintptr_t begin = 0, end = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const std::int64_t row = indices ? indices[i] : first + i, place = rows_.selection ? rows_.selection[row] : row;
        const std::uintptr_t from = data + static_cast<std::uintptr_t>(place * row_bytes_), to = from + static_cast<std::uintptr_t>(row_bytes_);
        const std::uintptr_t page = from / page_ * page_, last = (to + page_ - 1) / page_ * page_;
        if (page < begin || page > end) {       // neighbours share a request
            ask(begin, end);
            begin = page;
            end = last;
        } else {
            end = std::max(end, last);
        }
    }
    ask(begin, end);
}

void Paging::behind(std::int64_t n, bool in_order) {
    if (begin_ == end_) return;
    held_ += n * (in_order && !rows_.selection ? row_bytes_ : std::max(row_bytes_, mapped_around));
    if (held_ < most_held) return;
    advise(begin_, end_, no_more);
    held_ = 0;
}

}  // namespace juice
