// docker-fsck load through the command itself, on roots that nobody but it has made: what it leaves is what the check
// of the same program, which real daemons' roots taught, finds nothing wrong with.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "cmd/options/exit_codes.h"
#include "cmd/program.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "tests/support/compress.h"
#include "tests/support/donor_builder.h"
#include "tests/support/lasting_snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck::test {
namespace {

namespace fs = std::filesystem;

SampleImage image_of(const std::vector<Members>& layers) {
  SampleImage image{{}, {}, {}, *ImageId::from_hex(std::string(64, '0'))};
  for (const Members& members : layers) {
    image.layers.push_back(make_tar(members).bytes);
    image.diff_ids.push_back(*DiffId::from_hex(sha256_hex(image.layers.back())));
  }
  image.config = config_of(image.diff_ids);
  image.id = *ImageId::from_hex(sha256_hex(image.config));
  return image;
}

std::string text_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

class LoadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "layers are unpacked as root only";
    }
  }

  std::string root() const { return temp_.path() + "/root"; }
  fs::path images() const { return fs::path(root()) / "image/overlay2"; }

  Output load(const std::string& bytes, std::vector<std::string> more = {"--yes"}) const {
    temp_.write("a.tar", bytes);
    return load_path(temp_.path() + "/a.tar", std::move(more));
  }
  Output load(const Members& members) const { return load(make_tar(members).bytes); }
  Output load_path(const std::string& path, std::vector<std::string> more = {"--yes"}) const {
    std::vector<std::string> args{"load", "--progress", "none", "-j2", "--root", root(), "-i", path};
    args.insert(args.end(), more.begin(), more.end());
    return run_program(args);
  }

  void expect_clean() const {
    const Output output = run_program({"--dry-run", "--strict", "--progress", "none", root()});
    EXPECT_EQ(output.exit_code, kExitClean) << output.out << output.err;
  }

  // diff/ of the layer in the root.
  fs::path tree(const ChainId& chain) const {
    const std::string dir = text_of(images() / "layerdb/sha256" / chain.hex() / "cache-id");
    return fs::path(root()) / "overlay2" / dir / "diff";
  }

  const TempRoot temp_;
  const SampleImage image_ = sample_image({"one", "two", "three"});
};

TEST_F(LoadTest, EveryFormOfArchiveBecomesTheSameRoot) {
  const std::string plain = make_tar(legacy_archive(image_, "app:1")).bytes;
  std::vector<std::string> archives{plain, make_tar(hybrid_archive(image_, "app:1")).bytes};
  for (const Compression compression : {Compression::Gzip, Compression::Bzip2, Compression::Xz, Compression::Zstd}) {
    archives.push_back(compressed(plain, compression));
    archives.push_back(make_tar(oci_layout(image_, "docker.io/library/app:1", compression)).bytes);
  }
  for (const std::string& archive : archives) {
    const Output output = load(archive);
    ASSERT_EQ(output.exit_code, kExitClean) << output.err;
    expect_clean();
    EXPECT_EQ(text_of(images() / "repositories.json"),
              "{\"Repositories\":{\"app\":{\"app:1\":\"" + image_.id.text() + "\"}}}");
    EXPECT_EQ(text_of(images() / "imagedb/content/sha256" / image_.id.hex()), image_.config);
    fs::remove_all(root());
  }
  unpack(temp_, "layout", oci_layout(image_, "docker.io/library/app:1", Compression::Zstd));
  EXPECT_EQ(load_path(temp_.path() + "/layout").exit_code, kExitClean);
  expect_clean();
}

TEST_F(LoadTest, LoadingAgainChangesNothing) {
  ASSERT_EQ(load(legacy_archive(image_, "app:1")).exit_code, kExitClean);
  const Snapshot before = lasting_snapshot(root(), OwnDirectory::Shown);
  const Output again = load(legacy_archive(image_, "app:1"));
  EXPECT_EQ(again.exit_code, kExitClean);
  EXPECT_NE(again.out.find("nothing was changed"), std::string::npos) << again.out;
  EXPECT_EQ(difference(before, lasting_snapshot(root(), OwnDirectory::Shown)), "");
}

TEST_F(LoadTest, SharedLayersAreUsedAndTagsMove) {
  const SampleImage other = sample_image({"one", "two", "other"});
  ASSERT_EQ(load(legacy_archive(image_, "app:1")).exit_code, kExitClean);
  const ChainId base = chain_id(chain_id(std::nullopt, image_.diff_ids[0]), image_.diff_ids[1]);
  const std::string shared = text_of(images() / "layerdb/sha256" / base.hex() / "cache-id");
  const Snapshot before = lasting_snapshot(root(), OwnDirectory::OmittedEntry);

  const Output output = load(legacy_archive(other, "app:1"));
  ASSERT_EQ(output.exit_code, kExitClean) << output.err;
  EXPECT_NE(output.out.find("tag app:1: moves from " + image_.id.text().substr(0, 12)), std::string::npos)
      << output.out;
  EXPECT_EQ(text_of(images() / "layerdb/sha256" / base.hex() / "cache-id"), shared);
  EXPECT_EQ(std::distance(fs::directory_iterator(images() / "layerdb/sha256"), fs::directory_iterator()), 4);
  EXPECT_EQ(text_of(images() / "repositories.json"),
            "{\"Repositories\":{\"app\":{\"app:1\":\"" + other.id.text() + "\"}}}");
  expect_clean();

  ASSERT_EQ(run_program({"undo", "--yes", root()}).exit_code, kExitClean);
  EXPECT_EQ(difference(before, lasting_snapshot(root(), OwnDirectory::OmittedEntry)), "");
  ASSERT_EQ(run_program({"undo", "--yes", root()}).exit_code, kExitClean);
  EXPECT_FALSE(fs::exists(images()));
}

TEST_F(LoadTest, ATreeIsWhatADaemonMakesOfIt) {
  const std::string capability("\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
  const SampleImage image = image_of({{
      {.name = "./", .type = '5', .mode = 0700},
      {.name = "bin/", .type = '5', .mode = 0755, .mtime = 1'000'000'000},
      {.name = "bin/su", .mode = 04755, .uid = 0, .gid = 7, .data = "program"},
      {.name = "bin/ping", .mode = 0755, .data = "program", .xattrs = {{"security.capability", capability}}},
      {.name = "bin/same", .type = '1', .mode = 04755, .uid = 0, .gid = 7, .link = "bin/su"},
      {.name = "bin/sh", .type = '2', .link = "../../../../bin/su"},
      {.name = "var/lib/implied/file", .mode = 0600, .uid = 1000, .gid = 1000, .mtime = 1'234'567'890, .data = "x"},
      {.name = "tmp/", .type = '5', .mode = 01777},
      {.name = "bin/", .type = '5', .mode = 0711, .mtime = 1'100'000'000},
      {.name = "dev/null", .type = '3', .mode = 0666, .major = 1, .minor = 3},
      {.name = "dev/fifo", .type = '6', .mode = 0640},
      {.name = "old", .mtime = -5, .data = "from before 1970"},
      {.name = "usr/.wh.gone", .mode = 0},
      {.name = "opt/", .type = '5', .mode = 0755},
      {.name = "opt/.wh..wh..opq", .mode = 0},
      {.name = "with\nnewline\xff", .data = "bytes"},
      {.name = "user", .data = "u", .xattrs = {{"user.note", "hello"}}},
  }});
  ASSERT_EQ(load(legacy_archive(image, "app:1")).exit_code, kExitClean);
  expect_clean();
  const fs::path diff = tree(chain_id(std::nullopt, image.diff_ids[0]));
  const auto stat_of = [&](const std::string& name) {
    struct ::stat raw {};
    EXPECT_EQ(::lstat((diff / name).c_str(), &raw), 0) << name;
    return raw;
  };
  EXPECT_EQ(stat_of(".").st_mode & 07777, 0755U) << "the layer's own directory stays as daemons make it";
  EXPECT_EQ(stat_of("bin").st_mode & 07777, 0711U);
  EXPECT_EQ(stat_of("bin").st_mtim.tv_sec, 1'100'000'000);
  EXPECT_EQ(stat_of("bin/su").st_mode & 07777, 04755U);
  EXPECT_EQ(stat_of("bin/su").st_gid, 7U);
  EXPECT_EQ(stat_of("bin/su").st_ino, stat_of("bin/same").st_ino);
  EXPECT_EQ(stat_of("var/lib").st_mode & 07777, 0755U);
  EXPECT_EQ(stat_of("var/lib/implied/file").st_mtim.tv_sec, 1'234'567'890);
  EXPECT_EQ(stat_of("tmp").st_mode & 07777, 01777U);
  EXPECT_EQ(stat_of("dev/null").st_rdev, makedev(1, 3));
  EXPECT_TRUE(S_ISFIFO(stat_of("dev/fifo").st_mode));
  EXPECT_EQ(stat_of("old").st_mtim.tv_sec, 0);
  EXPECT_TRUE(S_ISCHR(stat_of("usr/gone").st_mode));
  EXPECT_EQ(stat_of("usr/gone").st_rdev, makedev(0, 0));
  EXPECT_EQ(fs::read_symlink(diff / "bin/sh"), "../../../../bin/su");
  char value[32];
  EXPECT_EQ(::lgetxattr((diff / "opt").c_str(), "trusted.overlay.opaque", value, sizeof value), 1);
  EXPECT_EQ(::lgetxattr((diff / "bin/ping").c_str(), "security.capability", value, sizeof value), 20);
  // 7 + 7 bytes of programs, 18 of the link's target, 1 + 16 + 5 + 1 of the rest.
  EXPECT_EQ(text_of(images() / "layerdb/sha256" / chain_id(std::nullopt, image.diff_ids[0]).hex() / "size"), "55");
}

TEST_F(LoadTest, OwnersAreShiftedInARemappedRoot) {
  const std::string remapped = temp_.path() + "/200000.300000";
  temp_.make_dir("200000.300000");
  const SampleImage image = image_of({{{.name = "d/f", .uid = 5, .gid = 6, .data = "x"}}});
  temp_.write("a.tar", make_tar(legacy_archive(image, "app:1")).bytes);
  ASSERT_EQ(
      run_program({"load", "--yes", "--progress", "none", "--root", remapped, "-i", temp_.path() + "/a.tar"}).exit_code,
      kExitClean);
  EXPECT_EQ(run_program({"--dry-run", "--strict", "--progress", "none", remapped}).exit_code, kExitClean);
  for (const auto& entry : fs::recursive_directory_iterator(remapped + "/overlay2")) {
    struct ::stat raw {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &raw), 0);
    if (entry.path().filename() == "f") {
      EXPECT_EQ(raw.st_uid, 200'005U);
      EXPECT_EQ(raw.st_gid, 300'006U);
    } else if (entry.path().filename() == "d" || entry.path().filename() == "diff") {
      EXPECT_EQ(raw.st_uid, entry.is_symlink() ? 0U : 200'000U) << entry.path();
    }
  }
}

TEST_F(LoadTest, ADryRunTellsAndWritesNothing) {
  const Output output = load(make_tar(legacy_archive(image_, "app:1")).bytes, {"--dry-run", "--format", "json"});
  ASSERT_EQ(output.exit_code, kExitClean) << output.err;
  EXPECT_FALSE(fs::exists(root()));
  const Result<JsonValue> report = parse_json(output.out);
  ASSERT_TRUE(report) << report.error().message();
  EXPECT_EQ(*report->get("schema").as_string(), "docker-fsck/load/1");
  ASSERT_EQ(report->get("layers").as_array()->size(), 3U);
  for (const JsonValue& layer : *report->get("layers").as_array()) {
    EXPECT_EQ(layer.get("new").as_bool(), true);
    EXPECT_GT(layer.get("size").as_int64(), 1000);
  }
  ASSERT_EQ(report->get("images").as_array()->size(), 1U);
  EXPECT_EQ(*(*report->get("images").as_array())[0].get("id").as_string(), image_.id.text());
  EXPECT_EQ(report->get("runs").as_array()->size(), 0U);
}

TEST_F(LoadTest, ParentsAreRecordedWhereHistoryProvesThem) {
  const auto with_history = [](const std::string& history, const std::string& diffs) {
    return R"({"os":"linux","history":[)" + history + R"(],"rootfs":{"type":"layers","diff_ids":[)" + diffs + "]}}";
  };
  const std::string diff = "\"" + image_.diff_ids[0].text() + "\"";
  const std::string parent = with_history(R"({"created_by":"a"})", diff);
  const std::string child = with_history(R"({"created_by":"a"},{"created_by":"b","empty_layer":true})", diff);
  const std::string other = with_history(R"({"created_by":"c"},{"created_by":"b","empty_layer":true})", diff);
  std::string manifest;
  Members members{{.name = "l.tar", .data = image_.layers[0]}};
  for (const std::string& config : {parent, child, other}) {
    members.push_back({.name = sha256_hex(config) + ".json", .data = config});
    manifest += std::string(manifest.empty() ? "[" : ",") + "{\"Config\":\"" + sha256_hex(config) +
                ".json\",\"RepoTags\":null,\"Layers\":[\"l.tar\"]" +
                (config == parent ? "" : ",\"Parent\":\"" + digest_of(parent) + "\"") + "}";
  }
  members.push_back({.name = "manifest.json", .data = manifest + "]"});
  ASSERT_EQ(load(members).exit_code, kExitClean);
  EXPECT_EQ(text_of(images() / "imagedb/metadata/sha256" / sha256_hex(child) / "parent"), digest_of(parent));
  EXPECT_FALSE(fs::exists(images() / "imagedb/metadata/sha256" / sha256_hex(other)));
  EXPECT_EQ(text_of(images() / "repositories.json"), "{\"Repositories\":{}}");
}

TEST_F(LoadTest, RefusesWhatItCannotLoadInto) {
  ASSERT_EQ(load(legacy_archive(image_, "app:1")).exit_code, kExitClean);
  const Members other = legacy_archive(sample_image({"one", "two", "other"}), "app:2");
  const fs::path top = fs::path(root());
  {
    // A daemon holds its databases locked.
    fs::create_directories(top / "volumes");
    std::ofstream(top / "volumes/metadata.db") << "x";
    const int fd = ::open((top / "volumes/metadata.db").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::flock(fd, LOCK_EX), 0);
    const Output output = load(other);
    EXPECT_EQ(output.exit_code, kExitFailed) << output.out;
    EXPECT_NE(output.err.find("nothing was changed"), std::string::npos) << output.err;
    ::close(fd);
    fs::remove_all(top / "volumes");
  }
  // A layer that it needs is damaged.
  const ChainId base = chain_id(std::nullopt, image_.diff_ids[0]);
  fs::remove(top / "overlay2/l" / text_of(tree(base).parent_path() / "link"));
  const Output damaged = load(other);
  EXPECT_EQ(damaged.exit_code, kExitFailed);
  EXPECT_NE(damaged.err.find("repair it first"), std::string::npos) << damaged.err;

  const auto into = [&](const std::string& path) {
    return run_program({"load", "--yes", "--progress", "none", "--root", path, "-i", temp_.path() + "/a.tar"});
  };
  temp_.write("home/file", "mine");
  EXPECT_NE(into(temp_.path() + "/home").err.find("this is no Docker root"), std::string::npos);
  temp_.write("vfs/vfs/dir/x", "");
  temp_.make_dir("vfs/image/vfs");
  EXPECT_NE(into(temp_.path() + "/vfs").err.find("only overlay2"), std::string::npos);
  EXPECT_NE(into(temp_.path() + "/none/below").err.find("none"), std::string::npos);
  EXPECT_FALSE(fs::exists(temp_.path() + "/none"));
}

TEST_F(LoadTest, TheCommandLineIsChecked) {
  EXPECT_EQ(run_program({"load"}).exit_code, kExitUsage);
  EXPECT_EQ(run_program({"load", "-i", "x", "y"}).exit_code, kExitUsage);
  EXPECT_EQ(run_program({"load", "-i", "x", "--quick"}).exit_code, kExitUsage);
  EXPECT_EQ(run_program({"-i", "x"}).exit_code, kExitUsage);
  EXPECT_EQ(load_path(temp_.path() + "/missing").exit_code, kExitFailed);
}

}  // namespace
}  // namespace dfsck::test
