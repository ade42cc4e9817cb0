// Scans network/files/local-kv.db, the state of the network controller.
#include "core/model/model.h"
#include "core/model/records/database_file.h"
#include "core/model/records/network_records.h"

namespace dfsck {

void scan_networks(const Root& root, Model& model) {
  StateReader reader(root);
  const DatabaseFile database = read_database(reader, "network/files/local-kv.db", network_home());
  model.networks.database = database.facts;
  model.networks.records = network_records(database);
  const std::vector<ScanFailure> failures = reader.take_failures();
  model.failures.insert(model.failures.end(), failures.begin(), failures.end());
}

}  // namespace dfsck
