package inbox_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
)

// database is a connector without a database behind it. What an inbox does with a real
// one is tested in integration/inbox.
type database func(ctx context.Context) (driver.Conn, error)

func (d database) Connect(ctx context.Context) (driver.Conn, error) { return d(ctx) }
func (d database) Driver() driver.Driver                            { return nil }

var errAway = errors.New("nobody listens there")

// away refuses every connection.
func away() *sql.DB {
	return sql.OpenDB(database(func(context.Context) (driver.Conn, error) { return nil, errAway }))
}

// hanging lets every connection wait for ever.
func hanging() *sql.DB {
	return sql.OpenDB(database(func(ctx context.Context) (driver.Conn, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}))
}
