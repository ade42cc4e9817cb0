// Plans for whole roots and for selections: nothing is forgotten, nothing is planned twice, and what is left out is
// exactly what may be.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "core/codec/json/json.h"
#include "core/migrate/plan/omissions.h"
#include "core/migrate/plan/selection.h"
#include "tests/support/case_files.h"
#include "tests/support/recipe/recipe.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;
namespace fs = std::filesystem;
class Plans : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) {
      GTEST_SKIP() << "needs root: owners, devices and trusted attributes";
    }
  }

  void build(const std::string& name) {
    const Result<RecipeNames> names = test::build_case(name, temp_.path());
    ASSERT_TRUE(names) << names.error().message();
    names_ = *names;
  }

  // A path by the recipe's name for it.
  std::string named(const std::string& key) const {
    const auto found = names_.find(key);
    EXPECT_NE(found, names_.end()) << key;
    return found != names_.end() ? found->second : "";
  }

  struct Scanned {
    RelPath prefix;
    Model model;
    Derived derived;
  };

  void look(const RelPath& prefix = RelPath()) {
    const Cancel cancel;
    Progress progress;
    const Root root = prefix.is_root() ? temp_.open() : *temp_.open().open_below(prefix);
    Result<Model> model = scan(root, 1, cancel, progress);
    ASSERT_TRUE(model) << model.error().message();
    Derived derived = derive(*model);
    scanned_.push_back({prefix, std::move(*model), std::move(derived)});
  }

  std::vector<SourceRoot> roots() const {
    std::vector<SourceRoot> all;
    for (const Scanned& each : scanned_) {
      all.push_back({each.prefix, each.model, each.derived});
    }
    return all;
  }

  CopyPlan plan(const CopyChoice& choice = {}) {
    if (scanned_.empty()) {
      look();
    }
    return checked(plan_copy(temp_.open(), roots(), choice));
  }

  // Every object of the root is in one unit, above one, or left out.
  CopyPlan checked(CopyPlan plan, const std::string& top = "") const {
    const OmitFilter filter = plan.filter();
    for (size_t i = 0; i + 1 < plan.units.size(); ++i) {
      EXPECT_LT(plan.units[i].path, plan.units[i + 1].path);
    }
    std::set<std::string> met;
    const std::string base = temp_.path() + (top.empty() ? "" : "/" + top);
    for (auto it = fs::recursive_directory_iterator(base); it != fs::recursive_directory_iterator(); ++it) {
      const std::string path = it->path().string().substr(temp_.path().size() + 1);
      const bool left = filter(path, 0);
      const MigrationUnit* unit = around(plan, path);
      EXPECT_TRUE(unit != nullptr || left || is_above(plan, path)) << path << " is forgotten";
      if (unit != nullptr && unit->path.bytes() == path) {
        EXPECT_FALSE(left) << path;
        met.insert(path);
      }
      if (left) {
        it.disable_recursion_pending();
      }
    }
    // The iterator follows no links.
    const auto behind_link = [&](const MigrationUnit& unit) {
      return std::any_of(plan.boundaries.begin(), plan.boundaries.end(),
                         [&](const PlannedBoundary& boundary) { return unit.path.is_below(boundary.path); });
    };
    const auto behind = std::count_if(plan.units.begin(), plan.units.end(), behind_link);
    EXPECT_EQ(met.size(), plan.units.size() - static_cast<size_t>(behind));
    return plan;
  }

  static const MigrationUnit* around(const CopyPlan& plan, const std::string& path) {
    const MigrationUnit* found = nullptr;
    for (const MigrationUnit& unit : plan.units) {
      const bool inside = path == unit.path.bytes() ||
                          (unit.kind != MigrationUnit::Kind::Directory && path.starts_with(unit.path.bytes() + "/"));
      if (inside) {
        EXPECT_EQ(found, nullptr) << path << " is in two units";
        found = &unit;
      }
    }
    return found;
  }

  static bool is_above(const CopyPlan& plan, const std::string& path) {
    return std::any_of(plan.units.begin(), plan.units.end(),
                       [&](const MigrationUnit& unit) { return unit.path.bytes().starts_with(path + "/"); });
  }

  static const Omission* omission(const CopyPlan& plan, const std::string& path) {
    const auto found = std::find_if(plan.omissions.begin(), plan.omissions.end(),
                                    [&](const Omission& each) { return each.path.bytes() == path; });
    return found == plan.omissions.end() ? nullptr : &*found;
  }

  static bool copies(const CopyPlan& plan, const std::string& path) {
    for (size_t slash = path.find('/'); slash != std::string::npos; slash = path.find('/', slash + 1)) {
      if (plan.filter()(path.substr(0, slash), S_IFDIR)) {
        return false;
      }
    }
    return !plan.filter()(path, 0) && (around(plan, path) != nullptr || is_above(plan, path));
  }

  const TempRoot temp_;
  RecipeNames names_;
  std::vector<Scanned> scanned_;
};

TEST_F(Plans, AHealthyRootIsCopiedButForWhatIsMadeAnew) {
  build("good/everything.case");
  temp_.write("tmp/GetImageBlob1", "x");
  temp_.write(".docker-fsck/run/journal", "x");
  temp_.write("unknown/file", "x");
  temp_.write("image/unknown", "x");
  const CopyPlan whole = plan();
  for (const Omission& each : whole.omissions) {
    EXPECT_TRUE(each.kind == OmissionKind::Derived || each.kind == OmissionKind::Ours) << each.path.bytes();
  }
  EXPECT_TRUE(omission(whole, "tmp")->contents_only);
  EXPECT_EQ(omission(whole, ".docker-fsck")->kind, OmissionKind::Ours);
  EXPECT_TRUE(omission(whole, named("top.dir") + "/work")->contents_only);
  EXPECT_TRUE(copies(whole, "unknown/file"));
  EXPECT_TRUE(copies(whole, "image/unknown"));
  EXPECT_TRUE(copies(whole, named("cached.dir") + "/diff"));
  EXPECT_TRUE(copies(whole, "tmp"));
  EXPECT_FALSE(copies(whole, "tmp/GetImageBlob1"));
  EXPECT_TRUE(whole.notes.empty());
}

TEST_F(Plans, LayersOfImagesAreVerifiedAndImmutable) {
  build("good/everything.case");
  const CopyPlan whole = plan();
  size_t layers = 0;
  for (const MigrationUnit& unit : whole.units) {
    layers += unit.kind == MigrationUnit::Kind::Layer ? 1U : 0U;
    if (unit.kind == MigrationUnit::Kind::Layer) {
      EXPECT_TRUE(unit.immutable && unit.layer && unit.chain);
      EXPECT_EQ(unit.layer->diff_dir, unit.path);
      EXPECT_EQ(unit.area, CopyArea::Layers);
    }
    const bool entry = unit.path.is_below("image/overlay2/layerdb/sha256");
    const bool lower = unit.path.bytes().ends_with("-init/diff");
    EXPECT_EQ(unit.immutable, entry || lower || unit.kind == MigrationUnit::Kind::Layer) << unit.path.bytes();
  }
  EXPECT_EQ(layers, 3U);
  EXPECT_EQ(around(whole, named("c1.dir") + "/diff")->area, CopyArea::Containers);
  EXPECT_EQ(around(whole, named("cached.dir") + "/diff")->area, CopyArea::BuildCache);
}

TEST_F(Plans, RemappedRootsArePlannedAtTheirPlace) {
  build("good/userns.case");
  look("100000.100000");
  const CopyPlan whole = plan();
  bool any = false;
  for (const MigrationUnit& unit : whole.units) {
    if (unit.layer) {
      any = true;
      EXPECT_TRUE(unit.path.is_below("100000.100000"));
      EXPECT_TRUE(unit.layer->diff_dir.is_below("100000.100000"));
      EXPECT_TRUE(unit.layer->tar_split.is_below("100000.100000"));
      EXPECT_TRUE(temp_.open().stat(unit.layer->tar_split));
    }
  }
  EXPECT_TRUE(any);
}

TEST_F(Plans, GarbageIsLeftOutUnlessItIsWanted) {
  build("good/plain.case");
  const std::string orphan = "overlay2/" + std::string(64, 'e');
  temp_.write(orphan + "/diff/file", "x");
  temp_.write(orphan + "/link", std::string(26, 'G'));
  temp_.make_symlink("overlay2/l/" + std::string(26, 'G'), "../" + std::string(64, 'e') + "/diff");
  temp_.make_symlink("overlay2/l/" + std::string(26, 'H'), "../" + std::string(64, 'f') + "/diff");
  temp_.write("image/overlay2/layerdb/tmp/write-set-1/diff", "x");
  temp_.write("image/overlay2/.tmp-repositories.json1", "x");
  const CopyPlan lean = plan();
  EXPECT_EQ(omission(lean, orphan)->kind, OmissionKind::Orphan);
  EXPECT_FALSE(copies(lean, "overlay2/l/" + std::string(26, 'G')));
  EXPECT_FALSE(copies(lean, "overlay2/l/" + std::string(26, 'H')));
  EXPECT_FALSE(copies(lean, "image/overlay2/layerdb/tmp/write-set-1"));
  EXPECT_FALSE(copies(lean, "image/overlay2/.tmp-repositories.json1"));
  EXPECT_TRUE(copies(lean, "image/overlay2/layerdb/tmp"));

  CopyChoice all;
  all.keep_orphans = true;
  const CopyPlan fat = plan(all);
  EXPECT_TRUE(copies(fat, orphan + "/diff/file"));
  EXPECT_TRUE(copies(fat, "overlay2/l/" + std::string(26, 'G')));
  EXPECT_TRUE(copies(fat, "image/overlay2/layerdb/tmp/write-set-1/diff"));
}

TEST_F(Plans, NothingIsAnOrphanWhereAnOwnerCannotBeRead) {
  build("good/plain.case");
  const std::string orphan = "overlay2/" + std::string(64, 'e');
  temp_.write(orphan + "/diff/file", "x");
  temp_.write("image/overlay2/.tmp-repositories.json1", "x");
  temp_.write("image/overlay2/repositories.json", "");
  temp_.write("buildkit/snapshots.db", std::string(40'000, 'x'));
  temp_.write("overlay2/" + std::string(64, 'd') + "/diff/file", "x");
  const CopyPlan whole = plan();
  EXPECT_TRUE(copies(whole, orphan + "/diff/file"));
  EXPECT_TRUE(copies(whole, "image/overlay2/.tmp-repositories.json1"));
  ASSERT_FALSE(whole.notes.empty());
  EXPECT_NE(whole.notes.front().find("2 of the directories"), std::string::npos) << whole.notes.front();
}

TEST_F(Plans, ExcludedAreasTakeExactlyTheirsAlong) {
  build("good/everything.case");
  CopyChoice choice;
  choice.omitted = {OmittedArea::Containers, OmittedArea::BuildCache, OmittedArea::Volumes};
  const CopyPlan rest = plan(choice);
  for (const char* gone : {"c1.dir", "c1.init", "cached.dir"}) {
    EXPECT_FALSE(copies(rest, named(gone))) << gone;
  }
  for (const char* kept : {"base.dir", "top.dir", "step.dir"}) {
    EXPECT_TRUE(copies(rest, named(kept) + "/diff")) << kept;
  }
  EXPECT_TRUE(copies(rest, "containers"));
  EXPECT_TRUE(copies(rest, "volumes"));
  EXPECT_FALSE(copies(rest, "volumes/metadata.db"));
  EXPECT_FALSE(copies(rest, "buildkit/snapshots.db"));
  const Result<std::vector<DirEntry>> links = temp_.open().open_dir("overlay2/l")->list();
  size_t copied = 0;
  for (const DirEntry& link : *links) {
    copied += copies(rest, "overlay2/l/" + link.name) ? 1U : 0U;
  }
  EXPECT_EQ(copied, 3U);

  EXPECT_TRUE(rest.notes.empty());

  choice.omitted = {OmittedArea::Volumes};
  const CopyPlan dry = plan(choice);
  ASSERT_EQ(dry.notes.size(), 1U);
  EXPECT_NE(dry.notes[0].find("1 cannot start"), std::string::npos) << dry.notes[0];
  EXPECT_TRUE(copies(dry, named("c1") + "/config.v2.json"));

  choice.omitted = {OmittedArea::BuildCache};
  const CopyPlan built = plan(choice);
  EXPECT_TRUE(copies(built, named("c1.dir") + "/diff"));
  EXPECT_FALSE(copies(built, named("cached.dir")));
}

TEST_F(Plans, ChosenImagesComeWithExactlyTheirLayers) {
  build("good/everything.case");
  look();
  const SourceRoot root = roots().front();
  const std::vector<std::string> names{"base:1"};
  const ImageChoice choice = choose_images(root, names);
  ASSERT_EQ(choice.images.size(), 1U);
  const ImageSelection selection = select_images(temp_.open(), root, choice.images, names);
  const CopyPlan& chosen = checked(selection.plan);
  EXPECT_TRUE(copies(chosen, named("base.dir") + "/diff"));
  EXPECT_TRUE(copies(chosen, named("base") + "/tar-split.json.gz"));
  for (const char* gone : {"top.dir", "step.dir", "cached.dir", "c1.dir"}) {
    EXPECT_FALSE(copies(chosen, named(gone))) << gone;
  }
  EXPECT_FALSE(copies(chosen, "volumes/metadata.db"));
  EXPECT_FALSE(copies(chosen, "engine-id"));
  EXPECT_TRUE(copies(chosen, "containers"));
  const std::string id = choice.images.begin()->hex();
  for (const fs::directory_entry& entry :
       fs::directory_iterator(temp_.path() + "/image/overlay2/imagedb/content/sha256")) {
    const std::string name = entry.path().filename();
    EXPECT_EQ(copies(chosen, "image/overlay2/imagedb/content/sha256/" + name), name == id);
  }
  ASSERT_EQ(selection.files.size(), 1U);
  EXPECT_EQ(selection.files[0].path, RelPath("image/overlay2/repositories.json"));
  const Result<JsonValue> tags = parse_json(selection.files[0].bytes);
  ASSERT_TRUE(tags);
  EXPECT_EQ(tags->get("Repositories").as_object()->size(), 1U);
  EXPECT_FALSE(copies(chosen, "image/overlay2/repositories.json"));
}

TEST_F(Plans, NamesOfImagesMayBeWrongOrMeanSeveral) {
  build("good/everything.case");
  look();
  const SourceRoot root = roots().front();
  const auto choose = [&](std::vector<std::string> names) { return choose_images(root, names); };
  EXPECT_EQ(choose({"app:1", "base", "scratch:1"}).images.size(), 3U);
  EXPECT_EQ(choose({"nothing:1"}).unknown.size(), 1U);
  EXPECT_EQ(choose({"web"}).unknown.size(), 1U);  // a container
  const std::string id = choose({"app:1"}).images.begin()->hex();
  EXPECT_EQ(choose({id.substr(0, 12)}).images.size(), 1U);
  EXPECT_EQ(choose({"sha256:" + id}).images.size(), 1U);
}

class DamagedPlans : public Plans, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedPlans, AreComplete) {
  build(GetParam());
  const CopyPlan whole = plan();
  for (const Omission& each : whole.omissions) {
    EXPECT_NE(each.path.name(), "_data");
    EXPECT_NE(each.path.name(), "diff");
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, DamagedPlans,
                         testing::Values("root/layers-not-checked.case", "garbage/brackets.case", "garbage/fifos.case",
                                         "garbage/links-to-etc.case", "garbage/names.case",
                                         "overlay2/layer-diff-missing-file.case", "overlay2/merged-copied.case",
                                         "overlay2/short-link-missing-all.case", "overlay2/writable-dir-orphan.case",
                                         "root/root-entry-wrong-type.case", "root/plugin-removing-left.case"));

}  // namespace
}  // namespace dfsck
