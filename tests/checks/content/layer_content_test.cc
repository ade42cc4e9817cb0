// Verdicts on layers become findings: what only a broken disk can show, which no case can be made of.
#include <gtest/gtest.h>

#include <cerrno>

#include "checks/checks.h"
#include "checks/input.h"
#include "checks/table.h"
#include "tests/support/check_run.h"
#include "tests/support/temp_root.h"

namespace dfsck {
namespace {

std::vector<std::string> found_for(int code) {
  Model model;
  model.overlay.path = "overlay2";
  Layer& layer = model.layers.layers.emplace_back(*ChainId::from_hex(std::string(64, 'a')));
  layer.path = "image/overlay2/layerdb/sha256/aaaa";
  Derived derived;
  derived.layers.resize(1);
  derived.layers[0].cache = CacheId::parse(std::string(64, '1'));
  ContentResults content;
  LayerVerdict& verdict = content.layers.emplace_back();
  verdict.state = LayerVerdict::State::Damaged;
  Issue& issue = verdict.issues.emplace_back();
  issue.kind = IssueKind::Unreadable;
  issue.path = "etc/passwd";
  issue.detail = "an error";
  issue.code = code;
  const test::TempRoot temp;
  const Root root = temp.open();
  const DirSizes sizes;
  FindingSink sink;
  check_layer_content(CheckInput{root, model, derived, content, sizes, Level::Full}, sink);
  return test::slugs(sink.take());
}

TEST(LayerContent, AFileThatTheDiskDoesNotGiveIsAnError) {
  EXPECT_EQ(found_for(EIO), std::vector<std::string>{"file-unreadable"});
}

TEST(LayerContent, AFileThatWeMayNotReadIsNoDamage) { EXPECT_TRUE(found_for(EACCES).empty()); }

}  // namespace
}  // namespace dfsck
