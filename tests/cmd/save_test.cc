// docker-fsck save on recipes: what is in an archive, that it is the same however it is written, and that nothing is
// left and nothing of the root changes when it fails. Real daemons judge the archives in tests/real/save_test.sh.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <thread>

#include "cmd/program.h"
#include "core/codec/digest.h"
#include "core/codec/json/json.h"
#include "core/codec/tar/header_writer.h"
#include "core/codec/tar/stream.h"
#include "core/codec/tar/tar_split_writer.h"
#include "core/fs/write/mutation.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/snapshot.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

struct Archive {
  Texts order;
  std::map<std::string, std::string> files;  // links as "-> target"

  std::string file(const std::string& name) const {
    const auto found = files.find(name);
    EXPECT_NE(found, files.end()) << name;
    return found != files.end() ? found->second : "";
  }
  JsonValue json(const std::string& name) const {
    const Result<JsonValue> parsed = parse_json(file(name));
    EXPECT_TRUE(parsed) << name;
    return parsed ? *parsed : JsonValue();
  }
};

Archive unpacked(const std::string& bytes) {
  Archive archive;
  MemorySource source(bytes);
  TarStream tar(source, "archive");
  TarStreamEntry entry;
  for (;;) {
    const Result<TarStream::Kind> kind = tar.next(entry);
    EXPECT_TRUE(kind) << (kind ? "" : kind.error().message());
    if (!kind || *kind == TarStream::Kind::End) {
      return archive;
    }
    if (*kind != TarStream::Kind::Entry) {
      continue;
    }
    archive.order.push_back(entry.header.name);
    std::string& content = archive.files[entry.header.name];
    content = entry.header.type == '2' ? "-> " + entry.header.link_name : "";
    for (Result<std::string_view> piece = tar.payload(); piece && !piece->empty(); piece = tar.payload()) {
      content += *piece;
    }
  }
}

class Save : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
  }

  void build(const std::string& name) { build_file(std::string(test::kCases) + "/" + name); }
  void build_file(const std::string& path) {
    const Result<RecipeCase> recipe = read_case(path);
    ASSERT_TRUE(recipe) << recipe.error().message();
    root_ = scratch_.path() + "/root";
    ASSERT_TRUE(fs::create_directory(root_));
    ASSERT_TRUE(fs::create_directory(scratch_.path() + "/out"));
    const Result<RecipeNames> names = build_root(root_, recipe->objects);
    ASSERT_TRUE(names) << names.error().message();
    names_ = *names;
    before_ = *take_snapshot(root_);
  }
  // A case of our own, in the language of fixtures/README.md.
  void build_text(const std::string& text) {
    std::ofstream(scratch_.path() + "/own.case") << text << "--- expect\n";
    build_file(scratch_.path() + "/own.case");
  }
  void damage(const std::string& kind, Texts words) {
    const Result<void> damaged = apply_damage(root_, {RecipeItem{0, kind, std::move(words), {}, {}}}, names_);
    ASSERT_TRUE(damaged) << damaged.error().message();
    before_ = *take_snapshot(root_);
  }
  void TearDown() override {
    if (!root_.empty()) {
      EXPECT_EQ(difference(before_, *take_snapshot(root_)), "") << "the root was written to";
    }
  }

  std::string out(const std::string& name) const { return scratch_.path() + "/out/" + name; }
  Texts left() const {
    Texts names;
    for (const auto& entry : fs::directory_iterator(scratch_.path() + "/out")) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  Output save(Texts words) const {
    words.insert(words.begin(), {"save", "--root", root_, "--progress", "none", "--no-trunc"});
    return run_program(words);
  }
  Archive saved(Texts words) const {
    words.insert(words.end(), {"-o", out("a.tar")});
    const Output output = save(std::move(words));
    EXPECT_EQ(output.exit_code, 0) << output.out << output.err;
    return unpacked(bytes_of(out("a.tar")));
  }
  std::string streamed(Texts words, int exit_code) const {
    const std::string fifo = out("fifo");
    EXPECT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
    std::string bytes;
    std::thread reader([&] { bytes = bytes_of(fifo); });
    words.insert(words.end(), {"-o", fifo});
    const Output output = save(std::move(words));
    reader.join();
    fs::remove(fifo);
    EXPECT_EQ(output.exit_code, exit_code) << output.out << output.err;
    return bytes;
  }
  std::string name(const std::string& key) const {
    const auto found = names_.find(key);
    EXPECT_NE(found, names_.end()) << key;
    return found != names_.end() ? found->second : "";
  }

  test::TempRoot scratch_;
  std::string root_;
  RecipeNames names_;
  Snapshot before_;
};

std::string blob(const std::string& digest) { return "blobs/sha256/" + digest.substr(digest.find(':') + 1); }

TEST_F(Save, EveryBlobIsNamedByItsDigest) {
  build("good/everything.case");
  const Archive archive = saved({"--all"});
  size_t blobs = 0;
  for (const auto& [path, content] : archive.files) {
    if (path.starts_with("blobs/sha256/") && path != "blobs/sha256/") {
      EXPECT_EQ(path, blob(sha256_hex(content)));
      ++blobs;
    }
  }
  EXPECT_GE(blobs, 3U + 4U);  // layers and configs
  Texts sorted = archive.order;
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(archive.order, sorted);
}

TEST_F(Save, TheDefaultFormIsThatOfDocker25) {
  build("good/everything.case");
  const Archive archive = saved({"app:1", "base:1"});
  EXPECT_EQ(archive.file("oci-layout"), "{\"imageLayoutVersion\": \"1.0.0\"}");
  const std::string base = name("base.diffid"), top = name("top.diffid");
  const std::string size = std::to_string(archive.file(blob(top)).size());
  const std::string manifest = archive.file("manifest.json");
  EXPECT_TRUE(manifest.starts_with("[{\"Config\":\"" + blob(name("app:1.id")) +
                                   "\",\"RepoTags\":[\"app:1\"],\"Layers\":[\"" + blob(base) + "\",\"" + blob(top) +
                                   "\"],\"Parent\":\"" + name("base:1.id") + "\",\"LayerSources\":{"))
      << manifest;
  EXPECT_NE(manifest.find("\"" + top + "\":{\"mediaType\":\"application/vnd.oci.image.layer.v1.tar\",\"size\":" + size +
                          ",\"digest\":\"" + top + "\"}"),
            std::string::npos)
      << manifest;
  EXPECT_EQ(archive.file("repositories"),
            "{\"app\":{\"1\":\"" + top.substr(7) + "\"},\"base\":{\"1\":\"" + base.substr(7) + "\"}}\n");
  const JsonValue index = archive.json("index.json");
  ASSERT_EQ(index.get("manifests").as_array()->size(), 2U);
  const JsonValue& first = index.get("manifests").as_array()->front();
  EXPECT_EQ(*first.get("annotations").find_exact("io.containerd.image.name")->as_string(), "docker.io/library/app:1");
  EXPECT_EQ(*first.get("annotations").find_exact("org.opencontainers.image.ref.name")->as_string(), "1");
  const JsonValue oci = archive.json(blob(*first.get("digest").as_string()));
  EXPECT_EQ(*oci.get("config").get("digest").as_string(), name("app:1.id"));
  EXPECT_EQ(oci.get("layers").as_array()->size(), 2U);
}

TEST_F(Save, NamesAreUnderstoodAsDockerSaveDoes) {
  build("good/everything.case");
  const std::string id = name("app:1.hex");
  for (const std::string& word : {std::string("app"), std::string("docker.io/library/app:1")}) {
    EXPECT_EQ(*saved({word}).json("manifest.json").as_array()->front().get("RepoTags").as_array()->front().as_string(),
              "app:1");
  }
  for (const std::string& word : {id, id.substr(0, 8), "sha256:" + id}) {
    const Archive archive = saved({word});
    EXPECT_TRUE(archive.json("manifest.json").as_array()->front().get("RepoTags").is_null()) << word;
    EXPECT_EQ(archive.files.count("repositories"), 0U);
    EXPECT_EQ(archive.json("index.json").get("manifests").as_array()->size(), 1U);
  }
  const Output unknown = save({"ap:1", "-o", out("a.tar")});
  EXPECT_EQ(unknown.exit_code, 16);
  EXPECT_NE(unknown.err.find("did you mean"), std::string::npos) << unknown.err;
}

TEST_F(Save, TheFormOfTheYearsBeforeLinksWhatItHasWritten) {
  build("good/everything.case");
  const Archive archive = saved({"--format", "legacy", "app:1", "built:1"});
  const JsonValue::Array items = *archive.json("manifest.json").as_array();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_EQ(*items[0].get("Config").as_string(), name("app:1.hex") + ".json");
  size_t tars = 0;
  for (const auto& [path, content] : archive.files) {
    tars += path.ends_with("/layer.tar") && !content.starts_with("-> ") ? 1 : 0;
    EXPECT_TRUE(!path.ends_with("/VERSION") || content == "1.0");
  }
  EXPECT_EQ(tars, 3U);
  const std::string top = *items[0].get("Layers").as_array()->back().as_string();
  EXPECT_EQ("sha256:" + sha256_hex(archive.file(top)), name("top.diffid"));
  EXPECT_EQ(*archive.json("repositories").get("app").get("1").as_string() + "/layer.tar", top);
}

TEST_F(Save, AnOciLayoutIsTheSameInATarAndAsADirectory) {
  build("good/everything.case");
  const Archive archive = saved({"--format", "oci-archive", "--all"});
  EXPECT_EQ(save({"--format", "oci-dir", "--all", "-o", out("dir")}).exit_code, 0);
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(out("dir"))) {
    if (entry.is_regular_file()) {
      EXPECT_EQ(archive.file(fs::relative(entry.path(), out("dir"))), bytes_of(entry.path()));
      ++files;
    }
  }
  EXPECT_EQ(files + 2, archive.files.size());  // two directories
  const Output again = save({"--format", "oci-dir", "--all", "-o", out("dir")});
  EXPECT_EQ(again.exit_code, 8);
  EXPECT_NE(again.err.find("not empty"), std::string::npos) << again.err;
  EXPECT_EQ(left(), (Texts{"a.tar", "dir"}));
}

TEST_F(Save, TheBytesAreTheSameHoweverTheyAreWritten) {
  build("good/everything.case");
  for (const char* format : {"docker-archive", "legacy", "oci-archive"}) {
    saved({"--all", "--format", format, "-j", "1"});
    const std::string one = bytes_of(out("a.tar"));
    saved({"--all", "--format", format, "-j", "8"});
    EXPECT_EQ(one, bytes_of(out("a.tar"))) << format;
    for (const char* jobs : {"1", "8"}) {
      EXPECT_EQ(one, streamed({"--all", "--format", format, "-j", jobs}, 0)) << format << " as a stream with " << jobs;
    }
  }
}

TEST_F(Save, LayersThatWaitForTheirTurnKeepTheirOrder) {
  // With eight at once, each may keep 8 MiB waiting.
  build_text(
      "layer a dir=1111 link=AAAA\n  file big 0644 fill:12000000\n"
      "layer b on a dir=2222 link=BBBB\n  file other 0644 fill:11000000\n  file small 0644 fill:100\n"
      "layer c on b dir=3333 link=CCCC\n  file third 0644 fill:9000000\n"
      "layer d on c dir=4444 link=DDDD\n  file fourth 0644 fill:2000000\n"
      "image app:1 = d\n");
  saved({"--all", "-j", "1"});
  const std::string bytes = bytes_of(out("a.tar"));
  EXPECT_TRUE(bytes == streamed({"--all", "-j", "8"}, 0));
  EXPECT_TRUE(bytes == streamed({"--all", "-j", "2"}, 0));
}

TEST_F(Save, AStreamEndsWhereADamagedLayerBegins) {
  build("good/everything.case");
  damage("truncate", {"@top.diff/srv/app", "0"});
  const std::string whole = streamed({"base:1", "-j", "8"}, 0);
  EXPECT_TRUE(whole.ends_with(std::string(1024, '\0')));
  const std::string cut = streamed({"app:1", "-j", "8"}, 4);
  EXPECT_FALSE(cut.ends_with(std::string(1024, '\0')));
  // Read first, and then written without what is damaged.
  const std::string rest = streamed({"--all", "--keep-going", "-j", "8"}, 4);
  EXPECT_EQ(save({"--all", "--keep-going", "-o", out("a.tar")}).exit_code, 4);
  EXPECT_EQ(rest, bytes_of(out("a.tar")));
}

TEST_F(Save, ADryRunTellsAndWritesNothing) {
  build("good/everything.case");
  const Output output = save({"--all", "--dry-run", "--json"});
  EXPECT_EQ(output.exit_code, 0);
  const Result<JsonValue> report = parse_json(output.out);
  ASSERT_TRUE(report) << output.out;
  EXPECT_EQ(*report->get("schema").as_string(), "docker-fsck/save/1");
  EXPECT_EQ(report->get("images").as_array()->size(), 4U);
  EXPECT_EQ(report->get("layers").as_array()->size(), 3U);
  EXPECT_EQ(report->get("written").as_bool(), false);
  saved({"--all"});
  EXPECT_EQ(report->get("bytes").as_uint64(), fs::file_size(out("a.tar")));
}

TEST_F(Save, DamageStopsItAndIsListed) {
  build("good/everything.case");
  damage("truncate", {"@top.diff/srv/app", "0"});
  std::ofstream(out("a.tar")) << "old";
  const Output stopped = save({"--all", "-o", out("a.tar")});
  EXPECT_EQ(stopped.exit_code, 4);
  EXPECT_NE(stopped.out.find("diff/srv/app is 0 bytes, should be 800"), std::string::npos) << stopped.out;
  EXPECT_NE(stopped.out.find("--keep-going"), std::string::npos) << stopped.out;
  EXPECT_EQ(bytes_of(out("a.tar")), "old");
  EXPECT_EQ(left(), Texts{"a.tar"});
  const Output rest = save({"--all", "--keep-going", "-o", out("a.tar"), "--report", out("report")});
  EXPECT_EQ(rest.exit_code, 4);
  const Archive archive = unpacked(bytes_of(out("a.tar")));
  EXPECT_EQ(archive.json("manifest.json").as_array()->size(), 2U);  // base:1 and scratch:1
  EXPECT_EQ(archive.files.count(blob(name("top.diffid"))), 0U);
  EXPECT_EQ(archive.files.count(blob(name("base.diffid"))), 1U);
  EXPECT_NE(bytes_of(out("report")).find("srv/app"), std::string::npos);
}

TEST_F(Save, WrongOwnersDoNotMatter) {
  build("good/everything.case");
  damage("chown", {"@top.diff/srv/app", "7", "7"});
  const std::string whole = saved({"app:1"}).file(blob(name("top.diffid")));
  EXPECT_EQ("sha256:" + sha256_hex(whole), name("top.diffid"));
}

TEST_F(Save, AFullDiskLeavesNothing) {
  build("good/everything.case");
  class Full : public MutationHook {
   public:
    explicit Full(std::string call) : call_(std::move(call)) { set_mutation_hook(this); }
    ~Full() override { set_mutation_hook(nullptr); }
    int before(std::string_view call) override { return call == call_ ? ENOSPC : 0; }
    void after(std::string_view) override {}

   private:
    std::string call_;
  };
  for (const char* call : {"openat", "pwrite", "fdatasync", "linkat", "renameat2"}) {
    const Full full(call);
    const Output output = save({"--all", "-j", "8", "-o", out("a.tar")});
    EXPECT_EQ(output.exit_code, 8) << call;
    EXPECT_NE(output.err.find("No space left on device; nothing was saved"), std::string::npos) << output.err;
    EXPECT_EQ(left(), Texts{}) << call;
  }
  for (const char* call : {"mkdirat", "openat", "pwrite", "syncfs", "renameat2"}) {
    const Full full(call);
    EXPECT_EQ(save({"--all", "--format", "oci-dir", "-o", out("dir")}).exit_code, 8) << call;
    EXPECT_EQ(left(), Texts{}) << call;
  }
}

TEST_F(Save, WhoeverCancelsItIsLeftWithNothing) {
  build("good/everything.case");
  class Interrupt : public MutationHook {
   public:
    Interrupt() { set_mutation_hook(this); }
    ~Interrupt() override { set_mutation_hook(nullptr); }
    int before(std::string_view call) override {
      if (call == "pwrite" && !sent_.exchange(true)) {
        ::kill(::getpid(), SIGTERM);
      }
      return 0;
    }
    void after(std::string_view) override {}

   private:
    std::atomic<bool> sent_{false};
  };
  std::ofstream(out("a.tar")) << "old";
  const Interrupt interrupt;
  const Output output = save({"--all", "-o", out("a.tar")});
  EXPECT_EQ(output.exit_code, 32);
  EXPECT_EQ(output.err, "docker-fsck: cancelled; nothing was saved\n");
  EXPECT_EQ(left(), Texts{"a.tar"});
  EXPECT_EQ(bytes_of(out("a.tar")), "old");
}

TEST_F(Save, WhereNothingMayBeWritten) {
  build("good/everything.case");
  EXPECT_EQ(save({"--all", "-o", root_ + "/image/a.tar"}).exit_code, 16);
  EXPECT_EQ(save({"--all", "-o", out("none/a.tar")}).exit_code, 16);
  EXPECT_EQ(save({"--all"}).exit_code, 16);
  EXPECT_EQ(save({"-o", out("a.tar")}).exit_code, 16);
  EXPECT_EQ(save({"--all", "app:1", "-o", out("a.tar")}).exit_code, 16);
  EXPECT_EQ(save({"--all", "--format", "json", "-o", out("a.tar")}).exit_code, 16);
  EXPECT_EQ(save({"--all", "--json", "-o", "-"}).exit_code, 16);
}

TEST_F(Save, AContainerIsItsImageAndWhatItWrote) {
  build("good/everything.case");
  damage("mknod", {"@c1.diff/bin", "c", "0", "0"});
  const Archive archive = saved({"--container", "web", "--tag", "rescued"});
  const JsonValue item = archive.json("manifest.json").as_array()->front();
  EXPECT_EQ(*item.get("RepoTags").as_array()->front().as_string(), "rescued:latest");
  ASSERT_EQ(item.get("Layers").as_array()->size(), 3U);
  const std::string layer = *item.get("Layers").as_array()->back().as_string();
  const Archive written = unpacked(archive.file(layer));
  EXPECT_EQ(written.file("srv/written"), "hello\n");
  EXPECT_EQ(written.file(".wh.bin"), "");
  const JsonValue config = archive.json(*item.get("Config").as_string());
  EXPECT_EQ(*config.get("rootfs").get("diff_ids").as_array()->back().as_string(),
            "sha256:" + sha256_hex(archive.file(layer)));
  EXPECT_FALSE(config.get("config").is_null());
  const std::string first = bytes_of(out("a.tar"));
  saved({"--container", "web", "--tag", "rescued"});
  EXPECT_EQ(first, bytes_of(out("a.tar"))) << "another time gives another image";
  EXPECT_EQ(save({"--container", "none", "-o", out("a.tar")}).exit_code, 16);
}

// Gives the layer a tar-split of our own making.
void forge(const std::string& path, const std::string& entry, uint64_t size, uint64_t crc) {
  std::ofstream file(path, std::ios::binary);
  TarSplitWriter split(
      [&](std::string_view bytes) {
        file << bytes;
        return Result<void>();
      },
      TarSplitEnd::None);
  NewTarHeader header;
  header.name = entry;
  header.size = size;
  std::string bytes;
  ASSERT_TRUE(append_tar_header(header, bytes));
  ASSERT_TRUE(split.segment(bytes));
  ASSERT_TRUE(split.file(entry, size, crc));
  ASSERT_TRUE(split.segment(std::string(1024, '\0')));
  ASSERT_TRUE(split.finish());
}

TEST_F(Save, AHostileTarSplitReachesNothingOutsideTheLayer) {
  build("good/everything.case");
  const std::string secret = scratch_.path() + "/secret";
  std::ofstream(secret) << "secret";
  const std::string layer = root_ + "/" + name("top");
  fs::create_symlink(scratch_.path(), root_ + "/" + name("top.diff") + "/out");
  for (const auto& [entry, size] : {std::pair<std::string, uint64_t>{"../../../../secret", 6},
                                    {secret, 6},
                                    {"out/secret", 6},
                                    {"srv/app", 1ULL << 50},
                                    {"srv/app", (1ULL << 63) - 1}}) {
    forge(layer + "/tar-split.json.gz", entry, size, 0);
    before_ = *take_snapshot(root_);
    const Output output = save({"app:1", "-o", out("a.tar")});
    EXPECT_EQ(output.exit_code, 4) << entry << output.out << output.err;
    EXPECT_EQ(left(), Texts{}) << entry;
  }
}

}  // namespace
}  // namespace dfsck
