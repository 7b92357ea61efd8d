// Package strictjson reads JSON that a stranger wrote and that decides who may
// do what: token headers, claims, key sets, discovery documents.
//
// It accepts exactly RFC 8259 in UTF-8 and refuses what parsers disagree about:
// member names that appear twice in one object (at any depth, compared after
// escapes are resolved), a byte order mark, invalid UTF-8, lone surrogates,
// anything after the value, numbers beyond the range of a float64, and nesting
// deeper than [MaxDepth]. Names are compared byte by byte, so "SUB" is not "sub".
//
// Most callers call [Object], look for the members they know, and read their
// values with [String], [Array] or encoding/json. Values are slices of the
// input: nothing is copied.
package strictjson
