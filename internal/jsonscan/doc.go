// Package jsonscan moves over JSON text (RFC 8259) without building anything from it:
// callers are shown the members of one object, or the elements of one array, as
// slices of the input that were checked on the way.
//
// How much is let pass is the caller's [Policy]: [Strict] for what decides who may do
// what, [Tolerant] for what encoding/json would read as well. One scanner serves
// both, so that neither learns less of JSON than the other.
package jsonscan
