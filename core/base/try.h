// Passing an error on to the caller: what stands between a call that can fail and the use of its value.
//
//   ASSIGN_OR_RETURN(const Fd fd, dir.open_file(name));   // declares fd, or returns the error
//   ASSIGN_OR_RETURN(piece, source.next());               // assigns to what is there already
//   TRY(sync_directory(dir));                             // for Result<void>, or a value that nobody needs
//   TRY(file);                                            // a result with a name, which is there afterwards
//
// Both stand in a function that returns a Result (or another type made from an Error), as a statement of their own. An
// error that the caller should get in other words, or that is no failure here, is tested for with an `if`.
#pragma once

#include <utility>

#include "core/base/result.h"

#define DFSCK_TRY_JOIN_(a, b) a##b
#define DFSCK_TRY_NAME_(line) DFSCK_TRY_JOIN_(dfsck_result_, line)

// The result lives on until the end of the block, under a name made of the line. Its value is moved out; a result that
// is not a temporary is copied first.
#define DFSCK_ASSIGN_OR_RETURN_(result, declaration, ...) \
  auto result = __VA_ARGS__;                              \
  if (!result) {                                          \
    return result.error();                                \
  }                                                       \
  declaration = *std::move(result)

// A declaration with a comma outside of parentheses (std::map<K, V> x) does not fit into an argument of a macro:
// `auto`.
#define ASSIGN_OR_RETURN(declaration, ...) DFSCK_ASSIGN_OR_RETURN_(DFSCK_TRY_NAME_(__LINE__), declaration, __VA_ARGS__)

#define TRY(...)                                                 \
  do {                                                           \
    if (const auto& dfsck_result = __VA_ARGS__; !dfsck_result) { \
      return dfsck_result.error();                               \
    }                                                            \
  } while (false)
