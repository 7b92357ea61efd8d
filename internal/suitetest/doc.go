// Package suitetest tests suites of checks, such as those for whoever implements an
// interface of this module: each check must fail for what breaks its rule, and say why.
package suitetest
