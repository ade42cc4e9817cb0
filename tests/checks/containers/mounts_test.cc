// Entries of layerdb/mounts: the rows 630 to 638, and which directory is taken for a container's.
#include <gtest/gtest.h>

#include <algorithm>

#include "checks/checks.h"
#include "checks/problems.h"
#include "tests/support/check_run.h"
#include "tests/support/model_builder.h"

namespace dfsck::test {
namespace {

using Slugs = std::vector<std::string>;

class Mounts : public ::testing::Test {
 protected:
  Mounts()
      : base(build.add_layer("base")),
        other(build.add_layer("other")),
        image(build.add_image("app", base)),
        id(build.add_container("web", image)),
        dir(*build.mount(id).dir) {}

  std::vector<Finding> findings() { return run_check(check_mounts, build.model()); }
  Slugs steps() { return steps_of(plan_for(check_mounts, build.model())); }
  std::string entry() const { return "image/overlay2/layerdb/mounts/" + id; }
  static std::string write_of(const std::string& path, const std::string& bytes) {
    return "write " + path + ": \"" + bytes + "\" (" + std::to_string(bytes.size()) + " bytes)";
  }
  void lose_mount_id() {
    build.mount(id).mount_id = file_of("");
    build.mount(id).dir.reset();
  }
  void lose_init_id() {
    build.mount(id).init_id = file_of("");
    build.mount(id).init_dir.reset();
  }

  ModelBuilder build;
  ChainId base, other;
  ImageId image;
  std::string id;
  CacheId dir;
};

TEST_F(Mounts, HealthyOnesGiveNothing) {
  build.add_container("without layers", build.add_image("scratch"));
  build.add_container("second", image);
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, AMissingEntryIsWrittenForTheOnlyDirectoryThatFits) {
  build.remove_mount(id);
  build.add_writable("on another image", other);
  const auto found = findings();
  ASSERT_EQ(slugs(found), Slugs{"mount-entry-missing"});
  EXPECT_EQ(found[0].args.at("dir"), dir.text());
  EXPECT_EQ(steps(),
            (Slugs{"make directory image/overlay2/layerdb/mounts (mode 0755, owner 0:0)",
                   "make directory " + entry() + " (mode 0755, owner 0:0)",
                   write_of(entry() + "/init-id", dir.text() + "-init"), write_of(entry() + "/mount-id", dir.text()),
                   "write " + entry() + "/parent: \"" + base.text() + "\" (71 bytes)"}));
}

TEST_F(Mounts, TwoDirectoriesThatFitAreNotChosenBetween) {
  build.remove_mount(id);
  build.add_writable("of somebody else", base);
  const auto found = findings();
  ASSERT_EQ(slugs(found), Slugs{"mount-lost"});
  EXPECT_NE(found[0].args.at("candidates").find(dir.text()), std::string::npos);
  EXPECT_TRUE(steps().empty());
}

TEST_F(Mounts, OneDirectoryForTwoContainersIsNotGivenToEither) {
  const std::string second = build.add_container("second", image);
  const CacheId gone = *build.mount(second).dir;
  std::erase_if(build.model().overlay.dirs,
                [&](const OverlayDir& d) { return d.id == gone || d.id.text() == gone.text() + "-init"; });
  build.remove_mount(id);
  build.remove_mount(second);
  EXPECT_EQ(slugs(findings()), (Slugs{"mount-lost", "mount-lost"}));
}

TEST_F(Mounts, AContainerThatCannotBeReadMayOwnTheDirectory) {
  build.remove_mount(id);
  Container& unknown = build.container(build.add_container("unknown", image));
  build.remove_mount(unknown.name_on_disk);
  unknown.config_problem = "empty";
  unknown.config_state = FileState::Kind::Present;
  EXPECT_EQ(slugs(findings()), Slugs{"mount-lost"});
}

TEST_F(Mounts, InitIdProvesMountId) {
  build.add_writable("as good by its layers", base);
  lose_mount_id();
  const auto found = findings();
  ASSERT_EQ(slugs(found), Slugs{"mount-id-restorable"});
  EXPECT_EQ(found[0].args.at("dir"), dir.text());
  EXPECT_EQ(steps()[1], write_of(entry() + "/mount-id", dir.text()));
}

TEST_F(Mounts, WithoutBothIdsTheLayersDecide) {
  lose_mount_id();
  lose_init_id();
  EXPECT_EQ(slugs(findings()), Slugs{"mount-id-bad"});
  build.mount(id).parent = file_of("");  // the image still says which layers
  build.mount(id).parent_id.reset();
  EXPECT_EQ(slugs(findings()), (Slugs{"mount-id-bad", "mount-parent-bad"}));
}

TEST_F(Mounts, InitIdFollowsFromMountId) {
  lose_init_id();
  EXPECT_EQ(slugs(findings()), Slugs{"init-id-bad"});
  EXPECT_EQ(steps(), Slugs{write_of(entry() + "/init-id", dir.text() + "-init")});
  build.mount(id).init_id = {};  // missing altogether
  EXPECT_EQ(slugs(findings()), Slugs{"init-id-bad"});
}

TEST_F(Mounts, ParentIsProvenByTheLayersBelow) {
  const Slugs expected{"write " + entry() + "/parent: \"" + base.text() + "\" (71 bytes)"};
  build.mount(id).parent_id.reset();
  build.mount(id).parent = {};
  EXPECT_EQ(slugs(findings()), Slugs{"mount-parent-bad"});
  EXPECT_EQ(steps(), expected);
  build.mount(id).parent = file_of("sha256:12");
  EXPECT_EQ(steps(), expected);
  build.mount(id).parent = file_of(other.text());  // parses, but image and directory agree on another one
  build.mount(id).parent_id = other;
  EXPECT_EQ(slugs(findings()), Slugs{"mount-parent-bad"});
  EXPECT_EQ(steps(), expected);
}

TEST_F(Mounts, AParentThatOnlyTheImageContradictsIsBelieved) {
  build.container(id).image = build.add_image("another", other);
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, ALayerThatIsGoneIsNamedWithItsCause) {
  build.remove_layer(base);
  const auto found = findings();
  ASSERT_EQ(slugs(found), Slugs{"mount-parent-dangling"});
  EXPECT_EQ(found[0].cause, (Subject{SubjectKind::Image, image.text()}));
  EXPECT_EQ(found[0].hits, (std::vector<Subject>{{SubjectKind::Container, id}}));
}

TEST_F(Mounts, DeadContainersAndOtherDriversHaveNoEntryByRight) {
  build.remove_mount(id);
  build.container(id).dead = true;
  EXPECT_TRUE(findings().empty());
  build.container(id).dead = false;
  build.container(id).driver = "vfs";
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, AnEntryWithoutContainerIsAnOrphanWithItsDirectories) {
  const std::string link = "overlay2/l/" + build.dir(dir).link_id->text();
  build.remove_container(id);
  EXPECT_EQ(slugs(findings()), Slugs{"mount-orphan"});
  const Slugs planned = steps();
  EXPECT_EQ(planned.size(), 5u);
  EXPECT_NE(std::find(planned.begin(), planned.end(), "move " + link + " into quarantine"), planned.end());
  build.model().containers.complete = false;
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, AMisnamedContainerStillOwnsItsEntry) {
  build.container(id).name_on_disk = "copy";
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, BuildsThatWereKilledLeaveEntries) {
  Mount mount;
  mount.name = "abcdefghijklmnopqrstuvwxy";
  mount.path = "image/overlay2/layerdb/mounts/abcdefghijklmnopqrstuvwxy";
  mount.of_build = true;
  auto& mounts = build.model().layers.mounts;
  mounts.push_back(mount);
  std::sort(mounts.begin(), mounts.end(), [](const Mount& a, const Mount& b) { return a.name < b.name; });
  EXPECT_EQ(slugs(findings()), Slugs{"build-mount-left"});
  build.model().host.daemons.push_back({"dockerd", 1, true});  // then the build may be at work
  EXPECT_TRUE(findings().empty());
}

TEST_F(Mounts, ForeignThingsAreTold) {
  build.model().layers.foreign_mounts.push_back("image/overlay2/layerdb/mounts/README");
  EXPECT_EQ(slugs(findings()), Slugs{"mount-entry-foreign"});
}

}  // namespace
}  // namespace dfsck::test
