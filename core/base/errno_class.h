// What an errno speaks of: the disk, what the process ran short of, or neither.
#pragma once

namespace dfsck {

// The disk or its filesystem is damaged. Nothing else is ever blamed on it.
bool speaks_of_disk(int code);

// Memory, descriptors, threads or locks could not be had. It says nothing of what was looked at, and may be over a
// moment later: a call that fails so is made again (see patient_calls.h), and a run that gets no further ends (see
// shortage.h).
bool is_shortage(int code);

// The thing itself is not there: no such name, or one on the way to it is no directory.
bool says_absent(int code);

// We were not let look, by permission bits, by an id that means nothing here, or by a security module.
bool is_refusal(int code);

// A refusal, or a server or device that did not answer: what is there is not known.
bool was_withheld(int code);

}  // namespace dfsck
