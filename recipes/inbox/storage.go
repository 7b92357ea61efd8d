package main

import (
	"database/sql"
	"path/filepath"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/inbox"
)

// storage is where everything is kept, in a form that another process can be told.
type storage struct {
	Postgres string // a DSN; empty: SQLite
	Folder   string // SQLite's
	Prefix   string // of the tables
}

func (s storage) dialect() inbox.Dialect {
	if s.Postgres != "" {
		return inbox.Postgres
	}
	return inbox.SQLite
}

func (s storage) open() (*sql.DB, error) {
	driver, dsn := "pgx", s.Postgres
	if s.Postgres == "" {
		driver, dsn = "sqlite", "file:"+filepath.ToSlash(filepath.Join(s.Folder, "inbox.db"))
	}
	db, err := sql.Open(driver, dsn)
	if err == nil {
		db.SetMaxOpenConns(16) // a connection for each function at work, and some to receive
	}
	return db, err
}
