// Copy on write in small. The images of pages come from BoltBuilder.
#include "tests/support/bolt_history.h"

#include <algorithm>
#include <iterator>
#include <stdexcept>

#include "tests/support/bolt_builder.h"

namespace dfsck::test {
namespace {

constexpr size_t kMostKeys = 6;  // of a leaf page

// The first page that `builder` was given, with another id.
std::string image_of(BoltBuilder& builder, uint64_t id) {
  std::string image = builder.build(2).substr(2 * BoltHistory::kPageSize, BoltHistory::kPageSize);
  builder.poke64(image, 0, id);
  return image;
}

}  // namespace

BoltHistory::Leaf& BoltHistory::leaf_for(const std::string& key) {
  size_t at = 0;
  while (at + 1 < leaves_.size() && leaves_[at + 1].values.begin()->first <= key) {
    ++at;
  }
  return leaves_[at];
}

void BoltHistory::touch(Leaf& leaf) { give_back(leaf.page); }

void BoltHistory::put(const std::string& key, const std::string& value) {
  Leaf& leaf = leaf_for(key);
  leaf.values[key] = value;
  touch(leaf);
  split_and_drop();
}

void BoltHistory::erase(const std::string& key) {
  Leaf& leaf = leaf_for(key);
  if (leaf.values.erase(key) > 0) {
    touch(leaf);
    split_and_drop();
  }
}

void BoltHistory::split_and_drop() {
  for (size_t i = 0; i < leaves_.size(); ++i) {
    if (leaves_[i].values.size() > kMostKeys) {
      const auto middle = std::next(leaves_[i].values.begin(), kMostKeys / 2);
      Leaf upper{{middle, leaves_[i].values.end()}, 0};
      leaves_[i].values.erase(middle, leaves_[i].values.end());
      leaves_.insert(leaves_.begin() + static_cast<std::ptrdiff_t>(i) + 1, std::move(upper));
    } else if (leaves_[i].values.empty() && leaves_.size() > 1) {
      leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(i));
      --i;
    }
  }
}

uint64_t BoltHistory::take_page() {
  if (free_.empty()) {
    return high_water_++;
  }
  return free_.extract(free_.begin()).value();
}

void BoltHistory::give_back(uint64_t& page) {
  if (page != 0) {
    pending_.insert(page);
    page = 0;
  }
}

void BoltHistory::write_page(uint64_t page, const std::string& image) {
  file_.resize(std::max<size_t>(file_.size(), (page + 1) * kPageSize), '\0');
  file_.replace(page * kPageSize, kPageSize, image);
}

void BoltHistory::commit() {
  ++txid_;
  give_back(branch_);
  give_back(root_);
  give_back(freelist_);
  std::vector<BoltBuilder::Child> children;
  for (Leaf& leaf : leaves_) {
    if (leaf.page == 0) {
      leaf.page = take_page();
      BoltBuilder builder(kPageSize);
      std::vector<BoltBuilder::Item> items;
      for (const auto& [key, value] : leaf.values) {
        items.push_back({key, value});
      }
      builder.add_leaf(items);
      write_page(leaf.page, image_of(builder, leaf.page));
    }
    children.push_back({leaf.values.empty() ? "" : leaf.values.begin()->first, leaf.page});
  }
  if (children.size() > 1) {
    branch_ = take_page();
    BoltBuilder builder(kPageSize);
    builder.add_branch(children);
    write_page(branch_, image_of(builder, branch_));
  }
  root_ = take_page();
  BoltBuilder root(kPageSize);
  root.add_leaf({root.bucket(bucket_, branch_ != 0 ? branch_ : leaves_[0].page, 5)});
  write_page(root_, image_of(root, root_));
  freelist_ = take_page();
  free_.merge(pending_);
  pending_.clear();
  BoltBuilder list(kPageSize);
  for (const uint64_t page : free_) {
    list.also_free(page);
  }
  std::string image = list.build(2).substr(2 * kPageSize, kPageSize);
  list.poke64(image, 0, freelist_);
  write_page(freelist_, image);
  write_meta();
}

void BoltHistory::write_meta() {
  BoltBuilder builder(kPageSize);
  builder.add_leaf({});
  std::string metas = builder.build(root_);
  const size_t which = txid_ % 2;
  const size_t body = which * kPageSize + 16;
  builder.poke64(metas, body + 32, freelist_);
  builder.poke64(metas, body + 40, high_water_);
  builder.poke64(metas, body + 48, txid_);
  builder.seal_meta(metas, which);
  write_page(which, metas.substr(which * kPageSize, kPageSize));
}

std::map<std::string, std::string> BoltHistory::content() const {
  std::map<std::string, std::string> all;
  for (const Leaf& leaf : leaves_) {
    all.insert(leaf.values.begin(), leaf.values.end());
  }
  return all;
}

uint64_t BoltHistory::page_of(const std::string& key) const {
  for (const Leaf& leaf : leaves_) {
    if (leaf.values.contains(key)) {
      return leaf.page;
    }
  }
  throw std::out_of_range(key);
}

}  // namespace dfsck::test
