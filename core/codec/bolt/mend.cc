// Header by header; nothing is changed that the strict rules of layout do not speak for.
#include "core/codec/bolt/mend.h"

#include <optional>
#include <vector>

namespace dfsck {
namespace {

constexpr uint16_t kBranch = 0x01;
constexpr uint16_t kLeaf = 0x02;

template <typename T>
void put(std::string& bytes, size_t at, T value, std::endian order) {
  for (size_t i = 0; i < sizeof(T); ++i) {
    const size_t place = order == std::endian::little ? i : sizeof(T) - 1 - i;
    bytes[at + place] = static_cast<char>((value >> (8 * i)) & 0xff);
  }
}

// Works on a copy of the whole file: each repair is tried, read back by the strict parser, and taken back if it does
// not hold. Nothing here touches the file on disk; a repair writes a fresh database from what was read.
class PageFixer {
 public:
  explicit PageFixer(const BoltFile& file)
      : file_(file), size_(file.layout().page_size), order_(file.layout().order), bytes_(file.bytes()) {}

  FixedPages run() {
    find_readable();
    // First the pages that lie whole in the wrong place, because they need no guess: a misdirected write leaves a page
    // whose header names where it should be. Headers are guessed only for what is unreadable after that.
    put_back_displaced();
    for (BoltPageId id = 2; id < readable_.size(); ++id) {
      if (!readable_[static_cast<size_t>(id)] && fix_header(id)) {
        fixed_.insert(id);
      }
    }
    return fixed_.empty() ? FixedPages{} : FixedPages{std::move(bytes_), std::move(fixed_)};
  }

 private:
  size_t at(BoltPageId id) const { return static_cast<size_t>(id) * size_; }
  BoltPageId named(BoltPageId id) const { return bolt_integer<uint64_t>(file_.bytes(), at(id), order_); }

  // Which pages are as they should be, those that belong to a page before them included.
  void find_readable() {
    readable_.assign(file_.bytes().size() / size_, false);
    for (BoltPageId id = 2; id < readable_.size(); ++id) {
      if (readable_[static_cast<size_t>(id)]) {
        continue;
      }
      const Result<BoltPage> page = BoltPage::parse(file_.bytes(), file_.layout(), id);
      for (uint64_t i = 0; page && i < page->span(); ++i) {
        // Overflow pages have no header of their own, and what stands in their first bytes must not be repaired into
        // one.
        readable_[static_cast<size_t>(id + i)] = true;
      }
    }
  }

  // Where two pages claim the same place, neither is put there.
  void put_back_displaced() {
    std::vector<std::optional<BoltPageId>> claims(readable_.size());
    std::vector<bool> disputed(readable_.size(), false);
    for (BoltPageId id = 2; id < readable_.size(); ++id) {
      // A page that can be read where it is named to be is never replaced: two good pages with one name are two ages of
      // it, and which is newer, nothing says.
      const BoltPageId home = named(id);
      if (readable_[static_cast<size_t>(id)] || home < 2 || home >= readable_.size() || home == id ||
          readable_[static_cast<size_t>(home)]) {
        continue;
      }
      auto& claim = claims[static_cast<size_t>(home)];
      disputed[static_cast<size_t>(home)] = disputed[static_cast<size_t>(home)] || claim.has_value();
      claim = id;
    }
    for (BoltPageId home = 2; home < readable_.size(); ++home) {
      const auto& claim = claims[static_cast<size_t>(home)];
      if (claim && !disputed[static_cast<size_t>(home)]) {
        put_back(*claim, home);
      }
    }
  }

  void put_back(BoltPageId from, BoltPageId home) {
    const std::string before = bytes_.substr(at(home), size_);
    bytes_.replace(at(home), size_, file_.bytes().substr(at(from), size_));
    const Result<BoltPage> page = BoltPage::parse(bytes_, file_.layout(), home);
    // An old freelist in the place of a new one would be believed by everything that asks what is free.
    if (page && page->kind() != BoltPage::Kind::Freelist && page->count() > 0) {
      fixed_.insert(home);
      readable_[static_cast<size_t>(home)] = true;
    } else {
      bytes_.replace(at(home), size_, before);
    }
  }

  bool fix_header(BoltPageId id) {
    const std::string before = bytes_.substr(at(id), BoltPage::kHeaderSize);
    const BoltPageId name = bolt_integer<uint64_t>(bytes_, at(id), order_);
    const auto type = bolt_integer<uint16_t>(bytes_, at(id) + 8, order_);
    // With another page's name it may well be that page, written to the wrong place.
    if (name == id || name < 2 || name >= readable_.size()) {
      put<uint64_t>(bytes_, at(id), id, order_);
      // Leaf before branch: data are in leaves, and what fits a leaf does not fit a branch, whose elements have other
      // fields.
      for (const uint16_t candidate : {kLeaf, kBranch}) {
        if (name != id && type != candidate) {
          continue;  // two faults in one header are not believed in
        }
        put<uint16_t>(bytes_, at(id) + 8, candidate, order_);
        const Result<BoltPage> page = BoltPage::parse(bytes_, file_.layout(), id);
        if (page && is_laid_out(*page, candidate)) {
          return true;
        }
      }
    }
    bytes_.replace(at(id), BoltPage::kHeaderSize, before);
    return false;
  }

  // What node.go:write makes: elements first, then key and value of each directly behind those of the one before. Other
  // bytes hardly come out so by chance, which is why it may stand in for the header that cannot be asked.
  bool is_laid_out(const BoltPage& page, uint16_t type) const {
    const size_t first = at(page.id()) + BoltPage::kHeaderSize;
    size_t end = first + BoltPage::kElementSize * static_cast<size_t>(page.count());
    std::string_view before;
    for (uint64_t i = 0; i < page.count(); ++i) {
      const size_t element = first + BoltPage::kElementSize * static_cast<size_t>(i);
      const auto word = [&](size_t index) { return bolt_integer<uint32_t>(bytes_, element + 4 * index, order_); };
      const bool leaf = type == kLeaf;
      const std::string_view key = leaf ? page.leaf(i).key : page.branch(i).key;
      // Flags of a leaf element know one bit, "is a bucket"; a child must be a page that can exist.
      const bool good = leaf ? word(0) <= 1 : page.branch(i).child >= 2 && page.branch(i).child < readable_.size();
      if (!good || element + word(leaf ? 1 : 0) != end || key.empty() || (i > 0 && key <= before)) {
        return false;
      }
      end += key.size() + (leaf ? page.leaf(i).value.size() : 0);
      before = key;
    }
    return page.count() > 0;
  }

  const BoltFile& file_;
  size_t size_;
  std::endian order_;
  std::string bytes_;
  std::vector<bool> readable_;  // by page id
  std::set<BoltPageId> fixed_;
};

}  // namespace

FixedPages fix_bolt_pages(const BoltFile& file) {
  return file.bytes().size() < file.layout().page_size ? FixedPages{} : PageFixer(file).run();
}

}  // namespace dfsck
