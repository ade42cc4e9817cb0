// What filesystems hide of layers is undetermined (content-hidden). The tables of mounts are made up.
#include <gtest/gtest.h>

#include <sys/stat.h>

#include "core/content/layers/hidden.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

using test::TempRoot;

HiddenContent hidden_on(const TempRoot& temp, const std::string& type, const std::string& options = "rw") {
  temp.make_dir("overlay2");
  Model model;
  model.driver_covered = true;
  model.overlay.path = "overlay2";
  return find_hidden(temp.open(), model,
                     "36 35 8:1 / " + temp.path() + " rw - " + type + " source:/share " + options + "\n");
}

Issue issue_of(IssueKind kind, uint32_t mode = S_IFREG | 0644) {
  Issue issue;
  issue.kind = kind;
  issue.expected.emplace().mode = mode;
  return issue;
}

TEST(HiddenContent, NothingOnADisk) {
  const TempRoot temp;
  EXPECT_FALSE(hidden_on(temp, "ext4").any());
  EXPECT_FALSE(hidden_on(temp, "virtiofs").any());
}

TEST(HiddenContent, AnOverlayTakesWhiteoutsForItsOwn) {
  const TempRoot temp;
  const HiddenContent hidden = hidden_on(temp, "overlay", "rw,lowerdir=/ro:/ro2,upperdir=/rw/up,workdir=/rw/work");
  EXPECT_TRUE(hidden.whiteouts && hidden.marks);
  EXPECT_FALSE(hidden.owners || hidden.attributes);
  EXPECT_EQ(hidden.real_places, (std::vector<std::string>{"/rw/up", "/ro", "/ro2"}));
}

TEST(HiddenContent, NetworkAndUserFilesystems) {
  const TempRoot temp;
  const HiddenContent nfs = hidden_on(temp, "nfs4");
  EXPECT_TRUE(nfs.owners && nfs.attributes && nfs.marks);
  EXPECT_FALSE(nfs.nodes);
  EXPECT_EQ(nfs.real_places, std::vector<std::string>{"source:/share"});
  EXPECT_TRUE(hidden_on(temp, "fuse.sshfs").nodes);
}

TEST(HiddenContent, OnlyWhatIsHiddenIsTakenBack) {
  HiddenContent hidden;
  hidden.whiteouts = hidden.marks = hidden.nodes = true;
  LayerVerdict verdict;
  verdict.state = LayerVerdict::State::Damaged;
  verdict.found_digest = "d";
  verdict.digest_matches = true;
  verdict.issues = {issue_of(IssueKind::WhiteoutLost), issue_of(IssueKind::OpaqueLost),
                    issue_of(IssueKind::Missing, S_IFCHR | 0666), issue_of(IssueKind::TimeDrift)};
  LayerVerdict damaged = verdict;
  damaged.issues.push_back(issue_of(IssueKind::Emptied));
  damaged.issues.push_back(issue_of(IssueKind::Missing));
  take_back_hidden(hidden, verdict);
  EXPECT_EQ(verdict.state, LayerVerdict::State::Verified);
  EXPECT_EQ(verdict.issues.size(), 1U);
  take_back_hidden(hidden, damaged);
  EXPECT_EQ(damaged.state, LayerVerdict::State::Damaged);
  EXPECT_EQ(damaged.issues.size(), 3U) << "times, and the two that nothing hides";
}

}  // namespace
}  // namespace dfsck
