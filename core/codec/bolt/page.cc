// Bounds of bbolt pages. All arithmetic is done in 64 bits on 32-bit fields, so that nothing wraps around.
#include "core/codec/bolt/page.h"

#include <string>

namespace dfsck {
namespace {

constexpr uint16_t kBranchFlag = 0x01;
constexpr uint16_t kLeafFlag = 0x02;
constexpr uint16_t kFreelistFlag = 0x10;
constexpr uint32_t kBucketFlag = 0x01;
constexpr uint64_t kLongCount = 0xffff;  // in a freelist: the first id is the count

Error page_error(BoltPageId id, std::string_view reason) {
  return format_error("read bbolt file", "page " + std::to_string(id), reason);
}

}  // namespace

Result<BoltPage> BoltPage::parse(std::string_view file, const BoltLayout& layout, BoltPageId id) {
  // What lies behind the last whole page belongs to no page: bbolt writes whole pages, so it can only be a cut.
  const uint64_t pages_in_file = file.size() / layout.page_size;
  if (id >= pages_in_file) {
    return page_error(id, "lies beyond the end of the file");
  }
  const size_t at = static_cast<size_t>(id * layout.page_size);
  // bbolt asserts the same when it reads a page ("Page expected to be"), with a panic. A page that another one's write
  // was misdirected to, and a page of zeros (id 0), are seen here first.
  const auto named_id = bolt_integer<uint64_t>(file, at, layout.order);
  if (named_id != id) {
    return page_error(id, "calls itself page " + std::to_string(named_id));
  }
  const uint64_t span = uint64_t{bolt_integer<uint32_t>(file, at + 12, layout.order)} + 1;
  if (span > pages_in_file - id) {
    return page_error(id, "claims " + std::to_string(span) + " pages, beyond the end of the file");
  }
  BoltPage page(file.substr(at, static_cast<size_t>(span * layout.page_size)), layout.order);
  page.id_ = id;
  page.span_ = span;
  return parse_body(page);
}

Result<BoltPage> BoltPage::parse_inline(std::string_view bytes, std::endian order, BoltPageId host) {
  if (bytes.size() < kHeaderSize) {
    return page_error(host, "holds an inline bucket without room for a page header");
  }
  // The header of an inline page says id 0 and names no overflow; its length is that of the value that holds it. For
  // messages it has the id of the page around it, which is the one that lies damaged on the disk.
  BoltPage page(bytes, order);
  page.id_ = host;
  Result<BoltPage> parsed = parse_body(page);
  if (!parsed) {
    return page_error(host, "holds an inline bucket that " + parsed.error().detail);
  }
  if (parsed->kind() != Kind::Leaf) {
    return page_error(host, "holds an inline bucket that is no leaf page");
  }
  return parsed;
}

Result<BoltPage> BoltPage::parse_body(BoltPage page) {
  if (const char* fault = page.find_fault()) {
    return page_error(page.id_, fault);
  }
  return page;
}

const char* BoltPage::find_fault() {
  const auto flags = bolt_integer<uint16_t>(bytes_, 8, order_);
  count_ = bolt_integer<uint16_t>(bytes_, 10, order_);
  const uint64_t room = bytes_.size() - kHeaderSize;
  switch (flags) {
    case kBranchFlag: kind_ = Kind::Branch; break;
    case kLeafFlag: kind_ = Kind::Leaf; break;
    case kFreelistFlag: kind_ = Kind::Freelist; return find_freelist_fault(room);
    default: return "is neither a branch, a leaf nor a freelist page";
  }
  // Before any element is read: the count alone comes from the disk, and everything below trusts it.
  if (count_ > room / kElementSize) {
    return "has more elements than fit into it";
  }
  // bbolt's cursor goes on to a child without asking whether there is one.
  if (kind_ == Kind::Branch && count_ == 0) {
    return "is a branch page without children";
  }
  for (uint64_t i = 0; i < count_; ++i) {
    // Leaf {flags, pos, ksize, vsize}; branch {pos, ksize, child}. pos counts from the start of the element.
    const size_t at = static_cast<size_t>(kHeaderSize + i * kElementSize);
    const size_t fields = kind_ == Kind::Leaf ? at + 4 : at;
    // Keys may overlap each other or the elements: that is odd, but reads no byte that is not the page's. Whether the
    // page is laid out as bbolt lays it out is asked only where a header has to be repaired (repair.cc).
    uint64_t end = at + uint64_t{bolt_integer<uint32_t>(bytes_, fields, order_)};
    end += bolt_integer<uint32_t>(bytes_, fields + 4, order_);
    end += kind_ == Kind::Leaf ? bolt_integer<uint32_t>(bytes_, fields + 8, order_) : 0;
    if (end > bytes_.size()) {
      return "has an element that points outside of it";
    }
  }
  return nullptr;
}

const char* BoltPage::find_freelist_fault(uint64_t room) {
  uint64_t slots = room / 8;
  // freelist.go: the 16 bits of the count do not hold more than 65534, so the mark stands for "see the first id".
  if (count_ == kLongCount && slots > 0) {
    count_ = bolt_integer<uint64_t>(bytes_, kHeaderSize, order_);
    --slots;
  }
  return count_ > slots ? "has more free page ids than fit into it" : nullptr;
}

BoltLeafElement BoltPage::leaf(uint64_t index) const {
  const size_t at = static_cast<size_t>(kHeaderSize + index * kElementSize);
  const size_t key = at + bolt_integer<uint32_t>(bytes_, at + 4, order_);
  const auto key_size = bolt_integer<uint32_t>(bytes_, at + 8, order_);
  const auto value_size = bolt_integer<uint32_t>(bytes_, at + 12, order_);
  return {bytes_.substr(key, key_size), bytes_.substr(key + key_size, value_size),
          (bolt_integer<uint32_t>(bytes_, at, order_) & kBucketFlag) != 0};
}

BoltBranchElement BoltPage::branch(uint64_t index) const {
  const size_t at = static_cast<size_t>(kHeaderSize + index * kElementSize);
  const size_t key = at + bolt_integer<uint32_t>(bytes_, at, order_);
  return {bytes_.substr(key, bolt_integer<uint32_t>(bytes_, at + 4, order_)),
          bolt_integer<uint64_t>(bytes_, at + 8, order_)};
}

BoltPageId BoltPage::free_id(uint64_t index) const {
  const uint64_t skipped = bolt_integer<uint16_t>(bytes_, 10, order_) == kLongCount ? 1 : 0;
  return bolt_integer<uint64_t>(bytes_, static_cast<size_t>(kHeaderSize + (skipped + index) * 8), order_);
}

}  // namespace dfsck
