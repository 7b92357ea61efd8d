// Package house holds the tests of what is true of the whole repository
// rather than of one package: which way imports point, what the module
// requires, what a consumer compiles, and that every sentence of
// CORRECTNESS.md has its proof. It has no code of its own.
package house
