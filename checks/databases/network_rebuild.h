// What of the network database can be written again, and which networks are lost with it.
#pragma once

#include <string>
#include <vector>

#include "core/codec/bolt/salvage.h"
#include "core/model/model.h"

namespace dfsck {

// What can be kept of a damaged network database. Endpoints and sandboxes belong to running containers: the daemon
// makes them anew.
struct NetworkRebuild {
  struct Lost {
    std::string name;
    std::string id;
    std::vector<std::string> containers;  // names of those that use it
  };
  std::vector<const NetworkRecord*> kept;  // networks with all that their drivers need, by id
  std::vector<Lost> lost;                  // by name: those that a container names and that are not kept
  bool doubtful = false;                   // some of `kept` may be out of date, or deleted in the meantime

  bool keeps(std::string_view id) const;
};

// Of networks in old copies of pages, those are kept that get in the way of no better one: another name and another
// subnet. One that a container names goes before one that none does.
NetworkRebuild rebuild_networks(const Model& model);

// The database with these networks alone, each counting no endpoints; from what was salvaged of the old one.
BoltContent network_content(const NetworkRebuild& networks, const SalvagedBucket& salvaged);

// A sound database without the records that cannot be read, and with a count for every network without one. A network
// whose own record is among them goes as a whole. The daemon counts endpoints itself when it starts.
BoltContent fixed_network_content(BoltContent content);

// True for the networks that the daemon makes by itself when it starts.
bool is_default_network(std::string_view name);

// "networks web (used by shop and api), db (used by api)"
std::string lost_networks_text(const std::vector<NetworkRebuild::Lost>& lost);
// "2 networks (neta, netb), perhaps out of date", default ones left out; "the default networks"; "no network"
std::string kept_networks_text(const NetworkRebuild& networks);

}  // namespace dfsck
