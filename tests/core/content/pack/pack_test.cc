// Packing trees whose tars another, independent writer has made: the digest decides, and the records must be the same.
#include "core/content/pack/pack.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/codec/compress/gunzip.h"
#include "core/codec/tar/header.h"
#include "tests/support/layer_on_disk.h"

namespace dfsck {
namespace {

using test::LayerOnDisk;
using test::Tar;
using test::TarMember;

// dockerd since 24 writes no type bits into modes, earlier ones do.
std::vector<TarMember> with_type_bits(std::vector<TarMember> members) {
  for (TarMember& member : members) {
    const bool is_whiteout = member.name.find(".wh.") != std::string::npos;
    member.mode |= is_whiteout ? 0 : member.type == '5' ? S_IFDIR : member.type == '2' ? S_IFLNK : S_IFREG;
  }
  return members;
}

class PackLayer : public testing::Test {
 protected:
  void SetUp() override {
    const std::string why = test::why_no_layers();
    if (!why.empty()) {
      GTEST_SKIP() << why;
    }
  }

  // Unpacks the members as the daemon does; directories get their times last.
  void unpack(const std::vector<TarMember>& members, const Tar& tar) {
    tar_ = tar;
    layer_.emplace(members, tar);
    layer_->input.tar_split = "layer/gone";
    for (const TarMember& member : members) {
      if (member.type == '5') {
        layer_->root.set_mtime("overlay2/own/diff/" + member.name, member.mtime);
      }
    }
  }
  void unpack(const std::vector<TarMember>& members) { unpack(members, test::make_tar(members)); }

  PackedLayer pack() {
    gzip_.clear();
    Progress progress;
    const Result<PackedLayer> packed =
        pack_layer(layer_->root.open(), layer_->input, names_, cancel_, progress, [this](std::string_view piece) {
          gzip_ += piece;
          return Result<void>();
        });
    error_ = packed ? "" : packed.error().message();
    EXPECT_EQ(error_, "");
    return packed ? *packed : PackedLayer{};
  }

  // The new file's JSON is the expected one, but for the empty last segment of old daemons.
  bool records_are_the_same() const {
    layer_->root.write("new", gzip_);
    const Fd fd(::open((layer_->root.path() + "/new").c_str(), O_RDONLY | O_CLOEXEC));
    Gunzip gunzip(fd.get(), "new", 1U << 30);
    std::string text;
    for (Result<std::string_view> piece = gunzip.next(); piece && !piece->empty(); piece = gunzip.next()) {
      text += *piece;
    }
    const size_t empty = text.find("{\"type\":2,\"payload\":\"\"");
    return text.substr(0, empty) == tar_.tar_split;
  }

  std::optional<LayerOnDisk> layer_;
  Tar tar_;
  OwnerNames names_;
  Cancel cancel_;
  std::string gzip_;
  std::string error_;
};

// One of everything, in the order of a walk: "a-b" comes behind what is in "a".
std::vector<TarMember> one_of_everything() {
  return {{.name = "a/", .type = '5', .mode = 01777},
          {.name = "a/empty"},
          {.name = "a/file", .mode = 04755, .uid = 33, .gid = 1000, .data = std::string(70'000, 'f')},
          {.name = "a/hard", .type = '1', .mode = 04755, .uid = 33, .gid = 1000, .link = "a/file"},
          {.name = "a/link", .type = '2', .mode = 0777, .link = "../some/where"},
          {.name = "a-b", .mtime = 0, .data = "x"},
          {.name = "dir/", .type = '5', .mode = 0700, .mtime = 1'500'000'000},
          {.name = "dir/<&>", .data = std::string(512, 'y')}};
}

TEST_F(PackLayer, MakesTheSameRecordsAgain) {
  unpack(one_of_everything());
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker since 24");
  EXPECT_TRUE(records_are_the_same());
  EXPECT_EQ(packed.entries, 8U);
  EXPECT_EQ(packed.tar_bytes, tar_.bytes.size());
  EXPECT_EQ(packed.tree_bytes, 70'000U + 13 + 1 + 512);
  EXPECT_EQ(packed.header_bytes, 70'000U + 1 + 512);
}

TEST_F(PackLayer, KnowsModesWithTypeBits) {
  unpack(with_type_bits(one_of_everything()));
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker 20.10.27 to 23");
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, PacksAnEmptyLayer) {
  unpack({});
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, SkipsSocketsAndForgetsTimesWithinASecond) {
  unpack({{.name = "file", .data = "x"}});
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  const std::string path = layer_->path("s");
  ASSERT_LT(path.size(), sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ::close(fd);
  const timespec time{1'600'000'000, 999'999'999};
  const timespec times[2] = {time, time};
  ASSERT_EQ(::utimensat(AT_FDCWD, layer_->path("file").c_str(), times, 0), 0);
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, TriesTheOrderOfPaths) {
  unpack({{.name = "a/", .type = '5', .mode = 0755},
          {.name = "a-b/", .type = '5', .mode = 0755},
          {.name = "a-b/one", .data = "1"},
          {.name = "a/two", .data = "22"}});
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker since 24, sorted by path");
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, GivesWhiteoutsTheTimeOfTheirDirectory) {
  unpack(with_type_bits({{.name = "a/", .type = '5', .mode = 0755, .mtime = 1'600'000'007},
                         {.name = "a/op/", .type = '5', .mode = 02750, .uid = 7},
                         {.name = "a/op/.wh..wh..opq", .mode = 0750, .uid = 7, .mtime = 0},
                         {.name = "a/.wh.x", .mode = 0600, .mtime = 1'600'000'007},
                         {.name = "b/", .type = '5', .mode = 0755, .mtime = 1'600'000'001},
                         {.name = "b/.wh.y", .mode = 0600, .mtime = 1'600'000'001}}));
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker 20.10.27 to 23, whiteouts as old as their directories");
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, KnowsWhiteoutsThatWereOneInode) {
  unpack({{.name = "a/", .type = '5', .mode = 0755, .mtime = 1'600'000'007},
          {.name = "a/.wh.x", .mode = 0600, .mtime = 1'600'000'001},
          {.name = "b/", .type = '5', .mode = 0755, .mtime = 1'600'000'001},
          {.name = "b/.wh.y", .mode = 0600, .mtime = 1'600'000'001, .link = "a/x"}});
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker since 24, whiteouts of second 1600000001, all whiteouts one inode");
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, SearchesTheTimeOfWhiteouts) {
  unpack(with_type_bits({{.name = "a/", .type = '5', .mode = 0755, .mtime = 1'600'000'500},
                         {.name = "a/.wh.x", .mode = 0600, .mtime = 1'600'000'001},
                         {.name = "a/.wh.y", .mode = 0600, .mtime = 1'600'000'001, .link = "a/x"},
                         {.name = "a/z", .mtime = 1'600'000'501, .data = "z"}}));
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
  // Made up by somebody who packed the layer two minutes after its last change.
  unpack({{.name = "a/", .type = '5', .mode = 0755},
          {.name = "a/.wh.x", .mode = 0, .mtime = 1'600'000'120},
          {.name = "a/z", .data = "z"}});
  const PackedLayer packed = pack();
  EXPECT_TRUE(packed.matches) << packed.reason;
  EXPECT_EQ(packed.variant, "Docker since 24, whiteouts of second 1600000120, whiteouts made up");
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, TakesOwnersBackToContainerIds) {
  std::vector<TarMember> members = {{.name = "a/", .type = '5', .mode = 0755},
                                    {.name = "a/file", .uid = 1000, .gid = 5, .data = "x"},
                                    {.name = "a/.wh.x", .mode = 0600}};
  const Tar tar = test::make_tar(members);
  for (TarMember& member : members) {
    member.uid += 100'000;
    member.gid += 200'000;
  }
  unpack(members, tar);
  layer_->input.owners.containers = {IdMap::shifted(100'000, 65'536), IdMap::shifted(200'000, 65'536)};
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
  // Of a BuildKit layer the whiteouts are the kernel's own, which belong to the real root.
  ASSERT_EQ(::chown(layer_->path("a/x").c_str(), 0, 0), 0);
  layer_->root.set_mtime("overlay2/own/diff/a/x", 1'600'000'000);
  layer_->input.provenance = Provenance::RawUpper;
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, AcceptsNothingWithoutProof) {
  unpack(one_of_everything());
  std::ofstream(layer_->path("a-b"), std::ios::binary) << "y";
  layer_->root.set_mtime("overlay2/own/diff/a-b", 0);
  PackedLayer packed = pack();
  EXPECT_FALSE(packed.matches);
  EXPECT_EQ(packed.reason,
            "none of " + std::to_string(packed.variants_tried) + " known ways of packing gives its diff ID");
  EXPECT_EQ(gzip_, "");
  layer_->input.diff.reset();
  packed = pack();
  EXPECT_FALSE(packed.matches);
  EXPECT_NE(packed.reason, "");
  EXPECT_EQ(gzip_, "");
}

TEST_F(PackLayer, StopsWhenAskedTo) {
  unpack(one_of_everything());
  cancel_.request();
  Progress progress;
  const Result<PackedLayer> packed = pack_layer(layer_->root.open(), layer_->input, names_, cancel_, progress,
                                                [](std::string_view) { return Result<void>(); });
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().kind, Error::Kind::Cancelled);
}

TEST_F(PackLayer, DoesNotReadHolesForEver) {
  unpack({{.name = "file", .data = "x"}});
  ASSERT_EQ(::truncate(layer_->path("file").c_str(), int64_t{1} << 43), 0);
  Progress progress;
  const Result<PackedLayer> packed = pack_layer(layer_->root.open(), layer_->input, names_, cancel_, progress,
                                                [](std::string_view) { return Result<void>(); });
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().kind, Error::Kind::Limit);
}

TEST_F(PackLayer, FollowsNoLinkAndOpensNoFifo) {
  unpack({{.name = "fifo", .type = '6', .mode = 0600}, {.name = "out", .type = '2', .mode = 0777, .link = "/etc"}});
  EXPECT_TRUE(pack().matches);
  EXPECT_TRUE(records_are_the_same());
}

TEST_F(PackLayer, NoticesThatTheTreeChangesWhileItWrites) {
  std::vector<TarMember> members;
  uint64_t state = 1;
  for (int i = 0; i < 4000; ++i) {  // names that do not compress, so that the sink is called before the end
    std::string name = "f" + std::to_string(10'000 + i);
    for (int digit = 0; digit < 60; ++digit) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      name += static_cast<char>('a' + (state >> 40) % 26);
    }
    members.push_back({.name = name});
  }
  members.push_back({.name = "last"});
  unpack(members);
  ASSERT_TRUE(pack().matches);
  Progress progress;
  const Result<PackedLayer> packed =
      pack_layer(layer_->root.open(), layer_->input, names_, cancel_, progress, [this](std::string_view) {
        EXPECT_EQ(::chmod(layer_->path("last").c_str(), 0600), 0);
        return Result<void>();
      });
  ASSERT_FALSE(packed);
  EXPECT_EQ(packed.error().kind, Error::Kind::Busy);
}

TEST_F(PackLayer, GivesTheSinksError) {
  unpack(one_of_everything());
  Progress progress;
  const Result<PackedLayer> packed =
      pack_layer(layer_->root.open(), layer_->input, names_, cancel_, progress, [](std::string_view) -> Result<void> {
        errno = ENOSPC;
        return sys_error("write", "new");
      });
  ASSERT_FALSE(packed);
  EXPECT_TRUE(packed.error().is_io(ENOSPC));
}

TEST(PackWriter, WritesOwnersNamesAsOldDaemonsDo) {
  const OwnerNames names{{{0, "admin"}, {33, "www-data"}}, {{33, "web"}}};
  PackVariant variant;
  variant.names = PackVariant::Names::Host;
  PackEntry entry;
  entry.path = entry.name = "f";
  entry.stat.mode = S_IFREG | 0644;
  entry.stat.uid = 33;
  entry.stat.gid = 33;
  std::vector<PackedEntry> packed;
  PackWriter(variant, {}, names).write(entry, packed);
  ASSERT_EQ(packed.size(), size_t{1});
  EXPECT_STREQ(packed[0].header.c_str() + 265, "www-data");
  EXPECT_STREQ(packed[0].header.c_str() + 297, "web");
  entry.stat.uid = entry.stat.gid = 0;
  PackWriter(variant, {}, names).write(entry, packed);
  EXPECT_STREQ(packed[0].header.c_str() + 265, "root");
  variant.names = PackVariant::Names::None;
  PackWriter(variant, {}, names).write(entry, packed);
  EXPECT_STREQ(packed[0].header.c_str() + 265, "");
}

TEST(PackWriter, MakesNamespacedCapabilitiesPlain) {
  const OwnerNames names;
  PackEntry entry;
  entry.path = entry.name = "f";
  entry.stat.mode = S_IFREG | 0755;
  entry.capability = std::string("\x01\0\0\x03", 4) + std::string(16, 'c') + std::string(4, 'r');
  std::vector<PackedEntry> packed;
  PackWriter({}, {}, names).write(entry, packed);
  TarHeader header;
  ASSERT_TRUE(parse_tar_header(packed.at(0).header, 0, header));
  ASSERT_EQ(header.xattrs.size(), size_t{1});
  EXPECT_EQ(header.xattrs[0].second, std::string("\x01\0\0\x02", 4) + std::string(16, 'c'));
}

TEST(PackWalk, GivesBothOrders) {
  const test::TempRoot place;
  for (const char* file : {"a/c", "a/d/e", "a-b", "a!/x", "a0"}) {
    place.write(file, "");
  }
  const Root root = place.open();
  const Result<Dir> tree = root.open_dir(RelPath());
  ASSERT_TRUE(tree);
  const auto walked = [&](PackOrder order) {
    PackWalk walk(*tree, order);
    PackEntry entry;
    std::string text;
    for (Result<bool> got = walk.next(entry); got && *got; got = walk.next(entry)) {
      text += entry.path + " ";
    }
    EXPECT_TRUE(walk.orders_differ());
    return text;
  };
  EXPECT_EQ(walked(PackOrder::Walk), "a a/c a/d a/d/e a! a!/x a-b a0 ");
  EXPECT_EQ(walked(PackOrder::Paths), "a a! a!/x a-b a/c a/d a/d/e a0 ");
}

}  // namespace
}  // namespace dfsck
