// Finding and judging bbolt meta pages, in either byte order.
#include "core/codec/bolt/meta.h"

namespace dfsck {
namespace {

constexpr uint32_t kBoltMagic = 0xed0cdaed;
constexpr uint32_t kBoltVersion = 2;
constexpr size_t kChecked = 56;  // bytes of the meta that its checksum covers
constexpr size_t kMetaEnd = BoltPage::kHeaderSize + kChecked + 8;
constexpr unsigned kPageSizeSteps = 15;  // 1024 << 0 to 1024 << 14, as getPageSizeFromSecondMeta probes

// bbolt takes the page size of the operating system that made the file: 4 KiB on most, 16 or 64 KiB on some ARM and
// POWER kernels. A file moves between machines and keeps its own.
bool is_page_size(uint32_t size) { return std::has_single_bit(size) && size >= 1024 && size <= (1024U << 14); }

struct MetaPage {
  BoltMetaState state = BoltMetaState::Missing;
  std::endian order = std::endian::little;
  BoltMeta meta;
};

MetaPage read_meta(std::string_view file, uint64_t at) {
  MetaPage page;
  if (at > file.size() || file.size() - at < kMetaEnd) {
    return page;
  }
  const std::string_view body = file.substr(static_cast<size_t>(at) + BoltPage::kHeaderSize, kChecked + 8);
  // bbolt writes in the order of its host and never swaps: the magic number is the one field whose value is known
  // beforehand.
  if (bolt_integer<uint32_t>(body, 0, std::endian::big) == kBoltMagic) {
    page.order = std::endian::big;
  } else if (bolt_integer<uint32_t>(body, 0, std::endian::little) != kBoltMagic) {
    page.state = BoltMetaState::BadMagic;
    return page;
  }
  const auto u64 = [&](size_t offset) { return bolt_integer<uint64_t>(body, offset, page.order); };
  page.meta = {.page_size = bolt_integer<uint32_t>(body, 8, page.order),
               .root = u64(16),
               .root_sequence = u64(24),
               .freelist = u64(32),
               .high_water = u64(40),
               .txid = u64(48)};
  if (bolt_integer<uint32_t>(body, 4, page.order) != kBoltVersion) {
    page.state = BoltMetaState::BadVersion;
  } else if (u64(kChecked) != bolt_checksum(body.substr(0, kChecked))) {
    // The checksum before the page size: a size is believed only where the sum vouches for it, because everything else
    // in the file is found by it.
    page.state = BoltMetaState::BadChecksum;
  } else if (!is_page_size(page.meta.page_size)) {
    page.state = BoltMetaState::BadPageSize;
  } else {
    page.state = BoltMetaState::Valid;
  }
  return page;
}

// How many pages of the file carry their own id and a known type under this layout.
// A page says its own number, and under another layout hardly one of them comes out right: that is what a guess rests
// on where no meta page is left.
size_t pages_that_fit(std::string_view file, const BoltLayout& layout) {
  size_t fitting = 0;
  for (uint64_t id = 2; id < file.size() / layout.page_size; ++id) {
    const auto at = static_cast<size_t>(id * layout.page_size);
    const auto flags = bolt_integer<uint16_t>(file, at + 8, layout.order);
    const bool known_type = flags == 0x01 || flags == 0x02 || flags == 0x10;
    fitting += known_type && bolt_integer<uint64_t>(file, at, layout.order) == id ? 1 : 0;
  }
  return fitting;
}

// The layout of a file without a valid meta page.
BoltLayout guessed_layout(std::string_view file) {
  // Starts with 4096 and little-endian, and only more pages that fit replace it: an equal score is no reason to depart
  // from what nearly every machine has.
  BoltLayout best;
  size_t best_fit = pages_that_fit(file, best);
  for (unsigned step = 0; step < kPageSizeSteps; ++step) {
    for (const std::endian order : {std::endian::little, std::endian::big}) {
      const BoltLayout layout{1024U << step, order};
      if (const size_t fit = pages_that_fit(file, layout); fit > best_fit) {
        best = layout;
        best_fit = fit;
      }
    }
  }
  return best;
}

// As bbolt does it (db.go:getPageSize): the first meta page is at a known place; where the second one is depends on the
// page size, so it is tried at each place that there can be. That it has to name that size itself is our own care: an
// old copy of a meta page may lie anywhere.
BoltLayout layout_of(std::string_view file, const MetaPage& first) {
  if (first.state == BoltMetaState::Valid) {
    return {first.meta.page_size, first.order};
  }
  for (unsigned step = 0; step < kPageSizeSteps; ++step) {
    const uint32_t at = 1024U << step;
    const MetaPage second = read_meta(file, at);
    if (second.state == BoltMetaState::Valid && second.meta.page_size == at) {
      return {at, second.order};
    }
  }
  return guessed_layout(file);
}

}  // namespace

uint64_t bolt_checksum(std::string_view bytes) {
  uint64_t hash = 0xcbf29ce484222325;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001b3;
  }
  return hash;
}

std::string_view bolt_meta_state_text(BoltMetaState state) {
  switch (state) {
    case BoltMetaState::Valid: return "valid";
    case BoltMetaState::Missing: return "missing";
    case BoltMetaState::BadMagic: return "bad magic";
    case BoltMetaState::BadVersion: return "bad version";
    case BoltMetaState::BadPageSize: return "bad page size";
    case BoltMetaState::BadChecksum: return "bad checksum";
  }
  return "unknown";
}

BoltMetas read_bolt_metas(std::string_view file) {
  BoltMetas metas;
  std::array<MetaPage, 2> pages;
  pages[0] = read_meta(file, 0);
  metas.layout = layout_of(file, pages[0]);
  pages[1] = read_meta(file, metas.layout.page_size);
  // With equal transaction numbers the first one stays, as in db.go:meta.
  for (size_t i = 0; i < pages.size(); ++i) {
    MetaPage& page = pages[i];
    // A copy of a meta page inside of a page of data, or one left from a file with another page size.
    if (page.state == BoltMetaState::Valid && BoltLayout{page.meta.page_size, page.order} != metas.layout) {
      page.state = BoltMetaState::BadPageSize;
    }
    metas.states[i] = page.state;
    if (page.state != BoltMetaState::Valid) {
      continue;
    }
    if (!metas.chosen || page.meta.txid > metas.meta.txid) {
      metas.other = metas.chosen ? std::optional(metas.meta) : std::nullopt;
      metas.chosen = i;
      metas.meta = page.meta;
    } else {
      metas.other = page.meta;
    }
  }
  return metas;
}

}  // namespace dfsck
