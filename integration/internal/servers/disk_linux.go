package servers

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// Disk is a small file system in memory, which a test fills.
type Disk struct{ dir, ballast string }

// PostgresOnSmallDisk is [StartPostgres] with its tables on a small disk, or with its
// write-ahead log there and the tables elsewhere. It takes the right to mount.
func PostgresOnSmallDisk(t testing.TB, log bool) (*PostgresServer, *Disk) {
	t.Helper()
	dir := postgresDir(t)
	d := &Disk{dir: filepath.Join(dir, "disk")}
	d.ballast = filepath.Join(d.dir, "ballast")
	if err := os.Mkdir(d.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("none", d.dir, "tmpfs", 0, "size=160m"); err != nil {
		Missing(t, "the right to mount a tmpfs (%v)", err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.dir, syscall.MNT_DETACH) })
	own(t, d.dir)
	data, wal := filepath.Join(d.dir, "data"), filepath.Join(dir, "log")
	if log {
		data, wal = filepath.Join(dir, "data"), filepath.Join(d.dir, "log")
	}
	// Of a segment of one megabyte the next one is needed soon.
	return startPostgres(t, dir, data, "--wal-segsize=1", "--waldir="+wal), d
}

// Fill leaves no space.
func (d *Disk) Fill(t testing.TB) {
	t.Helper()
	f, err := os.Create(d.ballast)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; { // the last bytes, too
		if _, err = f.Write(make([]byte, size)); err != nil {
			size /= 2
		}
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
}

// Free gives back what Fill took.
func (d *Disk) Free(t testing.TB) {
	t.Helper()
	if err := os.Remove(d.ballast); err != nil {
		t.Fatal(err)
	}
}
