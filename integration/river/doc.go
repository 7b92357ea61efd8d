// Package river tests on/river against Postgres: what it promises, and what becomes of
// that when its processes and the database are killed.
package river
