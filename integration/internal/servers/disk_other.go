//go:build !linux

package servers

import "testing"

// Disk is a small file system in memory, which a test fills.
type Disk struct{}

// PostgresOnSmallDisk takes Linux.
func PostgresOnSmallDisk(t testing.TB, _ bool) (*PostgresServer, *Disk) {
	t.Helper()
	Missing(t, "Linux, for a small disk")
	return nil, nil
}

// Fill leaves no space.
func (d *Disk) Fill(testing.TB) {}

// Free gives back what Fill took.
func (d *Disk) Free(testing.TB) {}
