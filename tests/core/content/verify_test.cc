// Layers as the daemon unpacks them, healthy and with each kind of damage: exactly the expected issue, and no other.
#include "core/content/verify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "tests/support/layer_on_disk.h"
#include "tests/support/recipe/gzip.h"

namespace dfsck {
namespace {

using test::issues_of;
using test::LayerOnDisk;
using test::payload;
using test::TarMember;
using State = LayerVerdict::State;
namespace fs = std::filesystem;

const std::string kCapability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);

// One of everything.
std::vector<TarMember> members() {
  return {
      {.name = "./", .type = '5', .mode = 0700},
      {.name = "bin/", .type = '5', .mode = 0755},
      {.name = "bin/tool", .mode = 04755, .data = payload(20'000)},
      {.name = "bin/hard", .type = '1', .mode = 04755, .link = "bin/tool"},
      {.name = "bin/ping", .mode = 0755, .data = payload(700), .xattrs = {{"security.capability", kCapability}}},
      {.name = "bin/sh", .type = '2', .mode = 0777, .link = "/bin/tool"},
      {.name = "etc/", .type = '5', .mode = 0750, .uid = 7, .gid = 8},
      {.name = "etc/empty", .mode = 0600, .uid = 7},
      {.name = "etc/old", .mtime = -5, .data = "x"},
      {.name = "etc/.wh.gone", .mode = 0},
      {.name = "dev/null", .type = '3', .mode = 0666, .major = 1, .minor = 3},  // its directory has no entry
      {.name = "dev/pipe", .type = '6', .mode = 0600},
      {.name = "lib64", .type = '2', .mode = 0777, .link = "bin"},
      {.name = "lib64/through", .mode = 0640, .data = "through a link"},
      {.name = "var/", .type = '5', .mode = 01777},
      {.name = "var/.wh..wh..opq", .mode = 0},
      {.name = "var/new", .data = payload(4096)},
  };
}

class VerifyLayer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const std::string reason = test::why_no_layers(); !reason.empty()) {
      GTEST_SKIP() << reason;
    }
  }

  static void write(const std::string& path, const std::string& bytes) {
    struct ::stat before {};
    ASSERT_EQ(::stat(path.c_str(), &before), 0);
    std::ofstream(path, std::ios::binary) << bytes;
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, path.c_str(), times, 0), 0);
  }

  static void expect_only(const LayerOnDisk& layer, const std::string& issue) {
    const LayerVerdict full = layer.verify();
    EXPECT_EQ(issues_of(full), issue + "\n");
    EXPECT_EQ(full.state, State::Damaged);
  }
};

TEST_F(VerifyLayer, AHealthyLayerIsProven) {
  const LayerOnDisk layer(members());
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(issues_of(verdict), "");
  EXPECT_EQ(verdict.state, State::Verified);
  EXPECT_TRUE(verdict.digest_matches);
  EXPECT_EQ(verdict.entries, members().size());
  EXPECT_EQ(verdict.bytes_hashed, 20'000U + 700U + 1U + 14U + 4096U);
  EXPECT_EQ(verdict.header_bytes, verdict.bytes_hashed);
  EXPECT_EQ(verdict.tree_bytes, verdict.bytes_hashed + 9 + 3) << "links count with the length of their target";
  const LayerVerdict headers = layer.verify(Depth::Headers);
  EXPECT_EQ(issues_of(headers), "");
  EXPECT_EQ(headers.state, State::HeadersMatch);
  EXPECT_EQ(headers.bytes_hashed, 0U);
}

TEST_F(VerifyLayer, EmptiedShortAndLongFilesAreSeenWithoutReading) {
  const LayerOnDisk layer(members());
  write(layer.path("bin/tool"), "");
  write(layer.path("var/new"), payload(4095));
  write(layer.path("etc/empty"), "x");
  const std::string expected =
      "emptied bin/tool: is 0 bytes, should be 20000\n"
      "long etc/empty: is 1 bytes, should be 0\n"
      "short var/new: is 4095 bytes, should be 4096\n";
  EXPECT_EQ(issues_of(layer.verify(Depth::Headers)), expected);
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(issues_of(verdict), expected);
  EXPECT_EQ(verdict.state, State::Damaged);
  EXPECT_EQ(verdict.bytes_hashed, 700U + 1U + 14U) << "the other files are still read";
  ASSERT_TRUE(verdict.issues[0].expected);
  EXPECT_EQ(verdict.issues[0].expected->size, 20'000U);
  EXPECT_EQ(verdict.issues[0].expected->mode, static_cast<uint32_t>(S_IFREG | 04755));
}

TEST_F(VerifyLayer, ZerosAreToldFromOtherBytes) {
  const LayerOnDisk whole(members());
  write(whole.path("var/new"), std::string(4096, '\0'));
  expect_only(whole, "zero-filled var/new: holds nothing but zeros");
  const LayerOnDisk tail(members());
  write(tail.path("bin/tool"), payload(20'000).substr(0, 8192) + std::string(20'000 - 8192, '\0'));
  expect_only(tail, "zero-filled bin/tool: holds zeros from offset 8192 to its end");
  const LayerOnDisk page(members());
  write(page.path("bin/tool"), payload(20'000).replace(4096, 4096, 4096, '\0'));
  expect_only(page, "zero-filled bin/tool: holds 4096 zeros at offset 4096");
  const LayerOnDisk other(members());
  write(other.path("bin/tool"), payload(20'000).replace(100, 2, "zz"));
  expect_only(other, "bytes-differ bin/tool: its checksum is wrong");
}

TEST_F(VerifyLayer, AFlippedBitIsLocated) {
  const LayerOnDisk layer(members());
  std::string bytes = payload(20'000);
  const auto right = static_cast<uint8_t>(bytes[12'345]);
  bytes[12'345] = static_cast<char>(right ^ 0x10);
  write(layer.path("bin/tool"), bytes);
  const LayerVerdict verdict = layer.verify();
  ASSERT_EQ(verdict.issues.size(), 1U);
  EXPECT_EQ(verdict.issues[0].kind, IssueKind::BytesDiffer);
  EXPECT_EQ(verdict.issues[0].offset, 12'345U);
  ASSERT_FALSE(verdict.issues[0].fixes.empty());
  EXPECT_EQ(verdict.issues[0].fixes[0].offset, 12'345U);
  EXPECT_EQ(verdict.issues[0].fixes[0].value, right);
  EXPECT_TRUE(layer.verify(Depth::Headers).issues.empty());
}

TEST_F(VerifyLayer, MissingThings) {
  const LayerOnDisk layer(members());
  fs::remove(layer.path("bin/ping"));
  fs::remove_all(layer.path("etc"));
  EXPECT_EQ(issues_of(layer.verify()),
            "missing bin/ping: is missing\n"
            "missing etc: is missing\n"
            "missing etc/empty: is missing\n"
            "whiteout-lost etc/gone: it is missing\n"
            "missing etc/old: is missing\n");
}

TEST_F(VerifyLayer, ExtraThingsAreNamedByTheirTopmostDirectory) {
  const LayerOnDisk layer(members());
  fs::create_directories(layer.path("srv/deep/er"));
  std::ofstream(layer.path("srv/deep/file")) << "x";
  std::ofstream(layer.path("dev/extra")) << "x";
  ASSERT_EQ(::mknod(layer.path("bin/hidden").c_str(), S_IFCHR, makedev(0, 0)), 0);
  EXPECT_EQ(issues_of(layer.verify()),
            "extra bin/hidden: is a whiteout that the layer does not have\n"
            "extra dev/extra: is a file that the layer does not have\n"
            "extra srv: is a directory that the layer does not have\n");
}

TEST_F(VerifyLayer, WrongTypes) {
  const LayerOnDisk layer(members());
  fs::remove(layer.path("etc/empty"));
  fs::create_directory(layer.path("etc/empty"));
  expect_only(layer, "wrong-type etc/empty: is a directory, should be a file");
}

TEST_F(VerifyLayer, OwnersAndModes) {
  const LayerOnDisk layer(members());
  ASSERT_EQ(::chmod(layer.path("etc").c_str(), 0755), 0);
  ASSERT_EQ(::lchown(layer.path("bin/sh").c_str(), 1000, 1001), 0);
  ASSERT_EQ(::lchown(layer.path("etc/empty").c_str(), 0, 0), 0);
  ASSERT_EQ(::lchown(layer.path("etc/gone").c_str(), 3, 4), 0);
  ASSERT_EQ(::chmod(layer.path("etc/empty").c_str(), 0666), 0);
  EXPECT_EQ(issues_of(layer.verify()),
            "owner-mode bin/sh: owner 1000:1001, should be 0:0\n"
            "owner-mode etc: mode 0755, should be 0750\n"
            "owner-mode etc/empty: mode 0666, should be 0600; owner 0:0, should be 7:0\n")
      << "(whose a whiteout is, as etc/gone, is of no meaning)";
}

TEST_F(VerifyLayer, OwnersAreShiftedInRemappedRoots) {
  LayerOnDisk layer({{.name = "f", .uid = 100'005, .gid = 200'006, .data = "x"}},
                    test::make_tar({{.name = "f", .uid = 5, .gid = 6, .data = "x"}}));
  layer.input.owners.containers = {IdMap::shifted(100'000, 65'536), IdMap::shifted(200'000, 65'536)};
  EXPECT_EQ(layer.verify().state, State::Verified);
  layer.input.owners = {};
  expect_only(layer, "owner-mode f: owner 100005:200006, should be 5:6");
}

TEST_F(VerifyLayer, LostAndForeignAttributes) {
  const LayerOnDisk layer(members());
  ASSERT_EQ(::lremovexattr(layer.path("bin/ping").c_str(), "security.capability"), 0);
  ASSERT_EQ(::lsetxattr(layer.path("bin/tool").c_str(), "security.capability", kCapability.data(), 20, 0), 0);
  ASSERT_EQ(::lsetxattr(layer.path("etc/old").c_str(), "user.note", "x", 1, 0), 0);
  ASSERT_EQ(::lsetxattr(layer.path("etc").c_str(), "trusted.overlay.impure", "y", 1, 0), 0);
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(issues_of(verdict),
            "xattr bin/ping: has lost its attribute security.capability\n"
            "xattr bin/tool: has an attribute security.capability that it should not have\n"
            "xattr etc/old: has an attribute user.note that it should not have\n");
  ASSERT_EQ(verdict.issues[0].expected->xattrs.size(), 1U);
  EXPECT_EQ(verdict.issues[0].expected->xattrs[0].second, kCapability);
}

TEST_F(VerifyLayer, AnAttributeWithAnotherValue) {
  const LayerOnDisk layer(members());
  std::string other = kCapability;
  other[5] = '\x10';
  ASSERT_EQ(::lsetxattr(layer.path("bin/ping").c_str(), "security.capability", other.data(), 20, 0), 0);
  expect_only(layer, "xattr bin/ping: its attribute security.capability has another value");
}

TEST_F(VerifyLayer, LinkTargetsAndDevices) {
  const LayerOnDisk layer(members());
  fs::remove(layer.path("dev/null"));
  ASSERT_EQ(::mknod(layer.path("dev/null").c_str(), S_IFCHR, makedev(1, 5)), 0);
  ASSERT_EQ(::chmod(layer.path("dev/null").c_str(), 0666), 0);
  const timespec times[2] = {{1'600'000'000, 0}, {1'600'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, layer.path("dev/null").c_str(), times, 0), 0);
  fs::remove(layer.path("bin/sh"));
  ASSERT_EQ(::symlink("elsewhere", layer.path("bin/sh").c_str()), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, layer.path("bin/sh").c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  EXPECT_EQ(issues_of(layer.verify()),
            "link-target bin/sh: points to \"elsewhere\", should point to \"/bin/tool\"\n"
            "device-number dev/null: is device 1:5, should be 1:3\n");
}

TEST_F(VerifyLayer, SplitHardLinks) {
  const LayerOnDisk layer(members());
  const LayerVerdict healthy = layer.verify();
  fs::remove(layer.path("bin/hard"));
  fs::copy_file(layer.path("bin/tool"), layer.path("bin/hard"));
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(issues_of(verdict), "hard-link-split bin/hard: is a file of its own, should be a hard link to bin/tool\n");
  EXPECT_TRUE(verdict.digest_matches) << "no payload is wrong";
  EXPECT_EQ(verdict.tree_bytes, healthy.tree_bytes + 20'000);
  ASSERT_TRUE(verdict.issues[0].expected);
  EXPECT_TRUE(verdict.issues[0].expected->is_hard_link);
  EXPECT_EQ(verdict.issues[0].expected->link_target, "bin/tool");
}

TEST_F(VerifyLayer, LostWhiteoutsInAllForms) {
  const LayerOnDisk gone(members());
  fs::remove(gone.path("etc/gone"));
  expect_only(gone, "whiteout-lost etc/gone: it is missing");
  const LayerOnDisk file(members());
  fs::remove(file.path("etc/gone"));
  std::ofstream(file.path("etc/gone")) << "back";
  expect_only(file, "whiteout-lost etc/gone: there is a file in its place");
  const LayerOnDisk literal(members());
  fs::remove(literal.path("etc/gone"));
  std::ofstream(literal.path("etc/.wh.gone")) << "";
  EXPECT_EQ(issues_of(literal.verify()),
            "extra etc/.wh.gone: is a file that the layer does not have\n"
            "whiteout-lost etc/gone: it is a file named .wh.gone instead\n");
}

TEST_F(VerifyLayer, LostAndForeignOpaqueMarks) {
  const LayerOnDisk lost(members());
  ASSERT_EQ(::lremovexattr(lost.path("var").c_str(), "trusted.overlay.opaque"), 0);
  expect_only(lost, "opaque-lost var: has lost its opaque mark");
  EXPECT_TRUE(lost.verify().digest_matches);
  const LayerOnDisk foreign(members());
  ASSERT_EQ(::lsetxattr(foreign.path("etc").c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
  expect_only(foreign, "xattr etc: has an opaque mark that it should not have");
}

TEST_F(VerifyLayer, TimesAloneAreNoDamage) {
  const LayerOnDisk layer(members());
  const timespec times[2] = {{5, 0}, {5, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, layer.path("bin/tool").c_str(), times, 0), 0);
  ASSERT_EQ(::utimensat(AT_FDCWD, layer.path("etc").c_str(), times, 0), 0);
  const LayerVerdict verdict = layer.verify();
  // Both names of the file are told of, once.
  EXPECT_EQ(issues_of(verdict), "time-drift bin/tool: modified 5.000000000, should be 1600000000.000000000\n");
  EXPECT_EQ(verdict.state, State::Verified);
}

TEST_F(VerifyLayer, TheLastHeaderOfAHardLinkedFileCounts) {
  // GNU tar repeats no attributes: by the link's header the capability is gone, the mode is another.
  LayerOnDisk layer(
      {{.name = "a", .mode = 0755, .mtime = 50, .data = "x"},
       {.name = "b", .type = '1', .mode = 0700, .mtime = 60, .link = "a"}},
      test::make_tar(
          {{.name = "a", .mode = 0755, .mtime = 50, .data = "x", .xattrs = {{"security.capability", kCapability}}},
           {.name = "b", .type = '1', .mode = 0700, .mtime = 60, .link = "/./a"}}));
  EXPECT_EQ(issues_of(layer.verify()), "");
  EXPECT_EQ(layer.verify().state, State::Verified);
}

TEST_F(VerifyLayer, AWhiteoutThatIsReplacedInTheSameLayer) {
  const std::vector<TarMember> replaced = {{.name = ".wh.a", .mode = 0}, {.name = "a", .data = "new"}};
  const LayerOnDisk layer(replaced);
  EXPECT_EQ(issues_of(layer.verify()), "");
}

TEST_F(VerifyLayer, AHardLinkToASymbolicLink) {
  const LayerOnDisk layer({{.name = "s", .type = '2', .mode = 0777, .link = "nowhere"},
                           {.name = "t", .type = '1', .mode = 0777, .link = "s"}});
  EXPECT_EQ(issues_of(layer.verify()), "");
  EXPECT_EQ(layer.verify().state, State::Verified);
}

TEST_F(VerifyLayer, ADeviceZeroInTheTarItself) {
  const LayerOnDisk layer({{.name = "d", .type = '3', .mode = 0600}});
  EXPECT_EQ(layer.verify().state, State::Verified);
}

TEST_F(VerifyLayer, GlobalHeadersAndOddNames) {
  const LayerOnDisk layer({{.name = "pax_global_header", .type = 'g', .data = test::pax_record("comment", "abc")},
                           {.name = "./with space\"<&>\\", .data = "x"},
                           {.name = "/absolute", .data = "y"},
                           {.name = "dir//double", .data = "z"}});
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(issues_of(verdict), "");
  EXPECT_EQ(verdict.state, State::Verified);
  EXPECT_EQ(verdict.entries, 3U);
}

TEST_F(VerifyLayer, NamesNeverLeaveTheTree) {
  const std::vector<TarMember> escaping = {{.name = "out", .type = '2', .mode = 0777, .link = "../../.."},
                                           {.name = "out/secret", .data = "abc"},
                                           {.name = "up", .type = '2', .mode = 0777, .link = "/"},
                                           {.name = "up/../../secret2", .data = "abc"}};
  const LayerOnDisk layer({escaping[0], escaping[2]}, test::make_tar(escaping));
  layer.root.write("secret", "abc");
  layer.root.write("overlay2/secret2", "abc");
  EXPECT_EQ(issues_of(layer.verify()),
            "missing out/secret: is missing\n"
            "missing secret2: is missing\n");
}

TEST_F(VerifyLayer, FifosAndDevicesInPlaceOfFilesAreNotOpened) {
  const LayerOnDisk layer(members());
  fs::remove(layer.path("var/new"));
  ASSERT_EQ(::mkfifo(layer.path("var/new").c_str(), 0644), 0);
  expect_only(layer, "wrong-type var/new: is a FIFO, should be a file");
}

TEST_F(VerifyLayer, RawUppersDifferLegitimately) {
  LayerOnDisk layer(members());
  layer.input.provenance = Provenance::RawUpper;
  ASSERT_EQ(::mknod(layer.path("var/socket").c_str(), S_IFSOCK | 0600, 0), 0);
  ASSERT_EQ(::lsetxattr(layer.path("etc").c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
  ASSERT_EQ(::lsetxattr(layer.path("etc").c_str(), "user.note", "y", 1, 0), 0);
  const timespec times[2] = {{1'600'000'000, 123}, {1'600'000'000, 123'456'789}};
  ASSERT_EQ(::utimensat(AT_FDCWD, layer.path("bin/tool").c_str(), times, 0), 0);
  EXPECT_EQ(issues_of(layer.verify()), "");
  layer.input.provenance = Provenance::Unpacked;
  EXPECT_EQ(layer.verify().issues.size(), 4U);
}

TEST_F(VerifyLayer, RedirectsAreUnverifiableNotDamaged) {
  const LayerOnDisk layer(members());
  fs::remove(layer.path("etc/empty"));
  ASSERT_EQ(::lsetxattr(layer.path("etc").c_str(), "trusted.overlay.redirect", "old", 3, 0), 0);
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(verdict.state, State::Unverifiable);
  EXPECT_NE(verdict.reason.find("etc"), std::string::npos);
  EXPECT_EQ(issues_of(verdict), "");
}

TEST_F(VerifyLayer, AWrongDigestWithRightFiles) {
  LayerOnDisk layer(members());
  const std::string right = layer.input.diff->hex();
  layer.input.diff = DiffId::from_hex(std::string(64, 'a'));
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(verdict.state, State::DigestDiffers);
  EXPECT_EQ(verdict.found_digest, right);
  EXPECT_TRUE(verdict.issues.empty());
  layer.input.diff.reset();
  EXPECT_EQ(layer.verify().state, State::HeadersMatch) << "nothing to compare with";
  EXPECT_EQ(layer.verify().found_digest, right);
}

TEST_F(VerifyLayer, ABrokenReferenceIsNoDamageOfTheTree) {
  const LayerOnDisk layer(members());
  const std::string json = test::make_tar(members()).tar_split;
  const std::string gzip = go_gzip(json);
  const auto reason_of = [&](const std::string& bytes) {
    layer.write_tar_split(bytes);
    const LayerVerdict verdict = layer.verify();
    EXPECT_EQ(verdict.state, State::NoReference) << issues_of(verdict);
    EXPECT_EQ(issues_of(verdict), "");
    return verdict.reason;
  };
  EXPECT_NE(reason_of("").find("is empty"), std::string::npos);
  EXPECT_NE(reason_of("garbage!").find("is not gzip"), std::string::npos);
  EXPECT_NE(reason_of(gzip.substr(0, gzip.size() / 2)).find("is cut off"), std::string::npos);
  EXPECT_NE(reason_of(go_gzip(json + "{")).find("is malformed"), std::string::npos);
  const std::string shifted = "{\"type\":2,\"payload\":\"AAAA\",\"position\":-1}\n";
  EXPECT_NE(reason_of(go_gzip(shifted + json)), "") << "headers that are none";
  fs::remove(layer.root.path() + "/layer/tar-split.json.gz");
  EXPECT_EQ(layer.verify().state, State::NoReference);
}

TEST_F(VerifyLayer, AReferenceThatEndsTooEarly) {
  const std::vector<TarMember> short_layer = {{.name = "a", .data = "x"}};
  const LayerOnDisk layer(short_layer);
  layer.write_tar_split(go_gzip(test::make_tar(short_layer, "", test::TarEnd::Missing).tar_split));
  const LayerVerdict verdict = layer.verify();
  EXPECT_EQ(verdict.state, State::NoReference);
  EXPECT_NE(verdict.reason.find("ends before"), std::string::npos);
  const LayerOnDisk legal(short_layer, test::make_tar(short_layer, "", test::TarEnd::Missing));
  EXPECT_EQ(legal.verify().state, State::Verified) << "a tar without an end is legal if it hashes";
  const LayerOnDisk tail(short_layer, test::make_tar(short_layer, std::string(3'000'000, '\0') + "garbage"));
  EXPECT_EQ(tail.verify().state, State::Verified);
}

TEST_F(VerifyLayer, MissingTreesAreUnreadable) {
  const LayerOnDisk layer(members());
  fs::remove_all(layer.path(""));
  EXPECT_EQ(layer.verify().state, State::Unreadable);
}

TEST_F(VerifyLayer, AnEmptyLayer) {
  const LayerOnDisk layer(std::vector<TarMember>{});
  EXPECT_EQ(layer.input.diff->hex(), "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef");
  EXPECT_EQ(layer.verify().state, State::Verified);
}

TEST_F(VerifyLayer, SparseFilesOfGnuTarCannotBeAssembled) {
  TarMember sparse{.name = "sparse", .data = payload(1000)};
  sparse.records = {{"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}, {"GNU.sparse.name", "sparse"}};
  const LayerOnDisk layer({sparse, {.name = "other", .data = "x"}});
  EXPECT_EQ(layer.verify().state, State::Unverifiable);
  write(layer.path("other"), "y");
  EXPECT_EQ(layer.verify().state, State::Damaged) << "the other files are still checked";
}

TEST_F(VerifyLayer, ByMeaningOnlyWhatAContainerSeesCounts) {
  const std::vector<TarMember> tar = {{.name = "d/", .type = '5', .mode = 0755},
                                      {.name = "d/.wh..wh..opq", .mode = 0},
                                      {.name = "d/new", .data = "x"},
                                      {.name = ".wh.absent", .mode = 0},
                                      {.name = ".wh.present", .mode = 0}};
  LayerOnDisk layer(tar);
  layer.add_lower({"present", "d/old", "kept/file"});
  // As the kernel leaves it: no whiteout of nothing, whiteouts in place of the opaque mark, a copied-up directory.
  fs::remove(layer.path("absent"));
  ASSERT_EQ(::lremovexattr(layer.path("d").c_str(), "trusted.overlay.opaque"), 0);
  ASSERT_EQ(::mknod(layer.path("d/old").c_str(), S_IFCHR, makedev(0, 0)), 0);
  fs::create_directory(layer.path("kept"));
  EXPECT_EQ(issues_of(layer.verify()), "");
  EXPECT_EQ(layer.verify().state, State::Verified);
  fs::remove(layer.path("d/old"));
  fs::remove(layer.path("present"));
  ASSERT_EQ(::mknod(layer.path("kept/file").c_str(), S_IFCHR, makedev(0, 0)), 0);
  EXPECT_EQ(issues_of(layer.verify()),
            "opaque-lost d: has lost its opaque mark\n"
            "extra kept/file: is a whiteout that the layer does not have\n"
            "whiteout-lost present: it is missing\n");
}

TEST_F(VerifyLayer, AnOpaqueMarkIsAsGoodAsAWhiteoutForEachEntry) {
  LayerOnDisk layer({{.name = "d/", .type = '5', .mode = 0755}, {.name = "d/.wh.old", .mode = 0}});
  layer.add_lower({"d/old"});
  fs::remove(layer.path("d/old"));
  ASSERT_EQ(::lsetxattr(layer.path("d").c_str(), "trusted.overlay.opaque", "y", 1, 0), 0);
  EXPECT_EQ(issues_of(layer.verify()), "");
  layer.root.write("overlay2/lower0/diff/d/kept", "");
  EXPECT_EQ(issues_of(layer.verify()), "xattr d: has an opaque mark that it should not have\n");
}

TEST_F(VerifyLayer, InANamespaceOtherMarksCountAndDevicesAreNotMissed) {
  LayerOnDisk layer({{.name = "d/", .type = '5', .mode = 0755},
                     {.name = "d/.wh..wh..opq", .mode = 0},
                     {.name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3}});
  layer.add_lower({"d/old"});
  fs::remove(layer.path("null"));
  EXPECT_EQ(issues_of(layer.verify()), "missing null: is missing\n");
  layer.input.owners.in_namespace = true;
  layer.input.marks = OverlayMarks::User;
  EXPECT_EQ(issues_of(layer.verify()), "opaque-lost d: has lost its opaque mark\n");
  ASSERT_EQ(::lsetxattr(layer.path("d").c_str(), "user.overlay.opaque", "y", 1, 0), 0);
  EXPECT_EQ(issues_of(layer.verify()), "");
}

TEST_F(VerifyLayer, WhatFuseOverlayfsKeepsInsteadIsOwnerAndMode) {
  const LayerOnDisk layer({{.name = "f", .mode = 04755, .uid = 5, .gid = 6, .data = "x"}});
  ASSERT_EQ(::chown(layer.path("f").c_str(), 1000, 1000), 0);
  ASSERT_EQ(::chmod(layer.path("f").c_str(), 0600), 0);
  const std::string name = "user.containers.override_stat";
  ASSERT_EQ(::lsetxattr(layer.path("f").c_str(), name.c_str(), "5:6:4755:file", 13, 0), 0);
  EXPECT_EQ(issues_of(layer.verify()), "");
  ASSERT_EQ(::lsetxattr(layer.path("f").c_str(), name.c_str(), "5:7:0755", 8, 0), 0);
  EXPECT_EQ(issues_of(layer.verify()), "owner-mode f: mode 0755, should be 4755; owner 5:7, should be 5:6\n");
}

}  // namespace
}  // namespace dfsck
