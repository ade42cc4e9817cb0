// Which map of ids is taken from which evidence, and when none is.
#include <gtest/gtest.h>

#include "core/model/owners/evidence.h"

namespace dfsck {
namespace {

OwnerEvidence made_by(uint32_t id) {
  OwnerEvidence evidence;
  evidence.daemon = {{"the root directory", id, {}},
                     {"layerdb", id, id},
                     {"l/", id, id},
                     {"databases", id, id},
                     {"containers", id, {}}};
  return evidence;
}

// Files whose headers say `container`, and the disk `disk`; users and groups alike.
void add_files(OwnerEvidence& evidence, uint64_t container, uint32_t disk, int count = 1) {
  for (int i = 0; i < count; ++i) {
    evidence.users.push_back({container, disk});
    evidence.groups.push_back({container, disk});
  }
}

TEST(Owners, OfAnOrdinaryRootAreAsTheyAre) {
  OwnerEvidence evidence = made_by(0);
  add_files(evidence, 0, 0, 20);
  add_files(evidence, 33, 33);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_FALSE(owners.in_namespace);
  EXPECT_TRUE(owners.containers.is_identity());
  EXPECT_STREQ(owners.opaque_xattr(), "trusted.overlay.opaque");
}

TEST(Owners, OfADaemonInAnUnprivilegedContainerAreAllShifted) {
  OwnerEvidence evidence = made_by(100'000);
  add_files(evidence, 0, 100'000, 20);
  add_files(evidence, 33, 100'033);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_TRUE(owners.in_namespace);
  EXPECT_EQ(owners.containers.users, IdMap::shifted(100'000, 65'536));
  EXPECT_EQ(owners.daemon, owners.containers);
  EXPECT_EQ(owners.daemon_uid(), 100'000U);
  EXPECT_STREQ(owners.opaque_xattr(), "user.overlay.opaque");
  ASSERT_GE(owners.known_by.size(), 5U);
  EXPECT_EQ(owners.known_by.front(), "the root directory");
}

TEST(Owners, OneStrangerAmongRightOnesChangesNothing) {
  OwnerEvidence evidence = made_by(100'000);
  add_files(evidence, 0, 100'000, 20);
  add_files(evidence, 0, 0);
  add_files(evidence, 33, 0);
  EXPECT_EQ(settle_owners(evidence).containers.users, IdMap::shifted(100'000, 65'536));
  OwnerEvidence ordinary = made_by(0);
  add_files(ordinary, 0, 0, 5);
  add_files(ordinary, 0, 1000, 3);
  EXPECT_TRUE(settle_owners(ordinary).known);
}

TEST(Owners, InTheNameOfARemappedRootAreThoseOfItsContainers) {
  OwnerEvidence evidence = made_by(0);
  evidence.name = RemapIds{100'000, 200'000};
  add_files(evidence, 0, 100'000, 20);
  evidence.groups.assign(20, {0, 200'000});
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_TRUE(owners.by_name_alone);
  EXPECT_FALSE(owners.in_namespace);
  EXPECT_EQ(owners.layer_uid(), 100'000U);
  EXPECT_EQ(owners.layer_gid(), 200'000U);
  EXPECT_EQ(owners.daemon_uid(), 0U);
}

TEST(Owners, OfARemappedDaemonInAContainerAreShiftedTwice) {
  OwnerEvidence evidence = made_by(1'000'000);
  evidence.name = RemapIds{100'000, 100'000};
  evidence.host.users = evidence.host.groups = {{0, {{1'000'000, 1'000'000}}}};
  add_files(evidence, 0, 1'100'000, 20);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_EQ(owners.layer_uid(), 1'100'000U);
  EXPECT_EQ(owners.daemon_uid(), 1'000'000U);
}

TEST(Owners, OfARemappedRootThatLostItsNameAreFoundInItsLayers) {
  OwnerEvidence evidence = made_by(0);
  add_files(evidence, 0, 100'000, 20);
  add_files(evidence, 8, 100'008, 2);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_EQ(owners.layer_uid(), 100'000U);
  EXPECT_EQ(owners.daemon_uid(), 0U);
}

TEST(Owners, OfARootlessDaemonComeFromTheRangesOfItsUser) {
  OwnerEvidence evidence = made_by(1000);
  evidence.host.users = evidence.host.groups = {{1000, {{300'000, 65'536}}}};
  add_files(evidence, 0, 1000, 20);
  add_files(evidence, 33, 300'032, 3);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_TRUE(owners.in_namespace);
  EXPECT_EQ(owners.containers.users.to_host(1), 300'000U);
}

TEST(Owners, OfARootlessDaemonOfAnotherMachineComeFromItsFiles) {
  OwnerEvidence evidence = made_by(1000);
  evidence.host.users = evidence.host.groups = {{1000, {{700'000, 65'536}}}};  // here, not there
  add_files(evidence, 0, 1000, 20);
  add_files(evidence, 33, 300'032, 3);
  add_files(evidence, 8, 300'007, 2);
  EXPECT_EQ(settle_owners(evidence).containers.users.to_host(1), 300'000U);
}

TEST(Owners, WhatNothingTellsIsNotGuessed) {
  OwnerEvidence evidence = made_by(1000);
  add_files(evidence, 0, 1000, 20);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_EQ(owners.layer_uid(), 1000U);
  EXPECT_EQ(owners.containers.users.to_host(33), std::nullopt);
}

TEST(Owners, OfARootThatWasGivenToOneUserAreNotKnown) {
  OwnerEvidence evidence = made_by(1000);
  evidence.host.users = evidence.host.groups = {{1000, {{100'000, 65'536}}}};
  add_files(evidence, 0, 1000, 20);
  add_files(evidence, 33, 1000, 3);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_FALSE(owners.known);
  EXPECT_NE(owners.doubt.find("belongs to 1000"), std::string::npos);
}

TEST(Owners, OfLayersThatWereGivenToOneUserAreNotKnown) {
  OwnerEvidence evidence = made_by(0);
  add_files(evidence, 0, 1000, 20);
  EXPECT_FALSE(settle_owners(evidence).known);
}

TEST(Owners, ThatFitNoMapAreNotKnown) {
  OwnerEvidence evidence = made_by(100'000);
  for (uint32_t i = 0; i < 20; ++i) {
    add_files(evidence, 0, 5000 + i * 7);
  }
  EXPECT_FALSE(settle_owners(evidence).known);
}

TEST(Owners, ThatWereAllGivenToTheLastIdAreNotKnown) {
  OwnerEvidence evidence = made_by(4'294'967'294);  // nobody, in 32 bits: nothing fits behind it
  add_files(evidence, 0, 4'294'967'294, 20);
  add_files(evidence, 1000, 4'294'967'294);
  EXPECT_FALSE(settle_owners(evidence).known);
}

TEST(Owners, ThatWereAllGivenToASubordinateIdAreNotKnown) {
  OwnerEvidence evidence = made_by(100'000);
  add_files(evidence, 0, 100'000, 20);
  add_files(evidence, 1000, 100'000, 2);
  EXPECT_FALSE(settle_owners(evidence).known);
}

TEST(Owners, ThatWereChangedDoNotChangeWhereMarksAre) {
  OwnerEvidence evidence = made_by(100'000);
  add_files(evidence, 0, 100'000, 20);
  evidence.trusted_marks = 2;
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_STREQ(owners.opaque_xattr(), "trusted.overlay.opaque");
}

OwnerEvidence half_shifted() {
  OwnerEvidence evidence = made_by(0);
  for (OwnerEvidence::Thing& thing : evidence.daemon) {
    if (thing.what == "layerdb" || thing.what == "containers") {
      thing = {thing.what, 100'000, 100'000};
    }
  }
  return evidence;
}

void add_layer(OwnerEvidence& evidence, size_t layer, uint32_t owner) {
  for (int i = 0; i < 8; ++i) {
    evidence.users.push_back({0, owner, layer});
    evidence.groups.push_back({0, owner, layer});
  }
}

TEST(Owners, OfWhichHalfWereChangedAreNotKnown) {
  OwnerEvidence evidence = half_shifted();
  for (size_t layer = 0; layer < 9; ++layer) {
    add_layer(evidence, layer, layer < 6 ? 0 : 100'000);
  }
  const RootOwners owners = settle_owners(evidence);
  EXPECT_FALSE(owners.known);
  EXPECT_NE(owners.doubt.find("layerdb, containers and whole layers belong to 100000"), std::string::npos)
      << owners.doubt;
}

TEST(Owners, OfOneLayerThatIsOddAreDamage) {
  OwnerEvidence evidence = made_by(0);
  for (size_t layer = 0; layer < 9; ++layer) {
    add_layer(evidence, layer, layer < 8 ? 0 : 100'000);
  }
  EXPECT_TRUE(settle_owners(evidence).known);
}

TEST(Owners, OfTheDaemonAloneThatWereChangedAreDamageWhereLayersAgree) {
  OwnerEvidence evidence = half_shifted();
  for (size_t layer = 0; layer < 9; ++layer) {
    add_layer(evidence, layer, 0);
  }
  EXPECT_TRUE(settle_owners(evidence).known);
}

TEST(Owners, ThatRootTookInACopyAreDamageOfAnOrdinaryRoot) {
  OwnerEvidence evidence = made_by(0);
  add_files(evidence, 0, 0, 20);
  add_files(evidence, 33, 0, 10);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_TRUE(owners.containers.is_identity());
}

TEST(Owners, SeenFromInsideAreThoseOfTheNamespace) {
  OwnerEvidence evidence = made_by(0);
  evidence.host.visible.users = evidence.host.visible.groups = IdMap::shifted(0, 65'536);
  evidence.host.in_namespace = true;
  add_files(evidence, 0, 0, 20);
  add_files(evidence, 4'000'000, 65'534);  // an id that the namespace does not have
  const RootOwners owners = settle_owners(evidence);
  EXPECT_TRUE(owners.known);
  EXPECT_TRUE(owners.in_namespace);
  EXPECT_EQ(owners.containers.users.to_host(4'000'000), std::nullopt);
  EXPECT_TRUE(owners.is_hidden(65'534, 65'534));
  EXPECT_FALSE(owners.is_hidden(0, 33));
}

TEST(Owners, OfTheHostAreNotKnownInside) {
  OwnerEvidence evidence = made_by(65'534);
  evidence.host.visible.users = evidence.host.visible.groups = IdMap::shifted(0, 65'536);
  evidence.host.in_namespace = true;
  add_files(evidence, 0, 65'534, 20);
  const RootOwners owners = settle_owners(evidence);
  EXPECT_FALSE(owners.known);
  EXPECT_NE(owners.doubt.find("outside of this user namespace"), std::string::npos);
}

TEST(HostIds, OfANamespaceAreItsOwn) {
  EXPECT_EQ(visible_ids("         0     100000      65536\n"), IdMap::shifted(0, 65'536));
  EXPECT_EQ(visible_ids("         0          0 4294967295\n"), IdMap());
  EXPECT_EQ(visible_ids("garbage"), IdMap());
}

TEST(HostIds, AreReadByNameAndByNumber) {
  const auto all =
      parse_subordinate_ids("me:100000:65536\n# no\n1001:300000:10\nme:500000:7\nnobody-knows:1:2\nbad:x:1\n",
                            "root:x:0:0::/:\nme:x:1000:1000::/:\n");
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].owner, 1000U);
  ASSERT_EQ(all[0].ranges.size(), 2U);
  EXPECT_EQ(all[0].ranges[1].first, 500'000U);
  EXPECT_EQ(all[1].owner, 1001U);
}

}  // namespace
}  // namespace dfsck
