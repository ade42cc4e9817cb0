// Declarations of all checks, made from the CHECK rows of table.def: a row without its function does not link, a
// function without its row is a warning.
#pragma once

namespace dfsck {

struct CheckInput;
class FindingSink;

#define CHECK(function, title) void check_##function(const CheckInput& input, FindingSink& sink);
#define PROBLEM(code, name, check, severity, safety, fix, catalogue, text, consequence, remedy)
#include "checks/table.def"
#undef CHECK
#undef PROBLEM

}  // namespace dfsck
