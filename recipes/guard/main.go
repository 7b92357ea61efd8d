// Command guard shares a duplicate guard of webhooks between processes by a table of
// SQLite or Postgres: guard.go is the part to copy. It needs no keys and no network: two
// handlers over one database stand for two processes, and each event is run by one.
package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"

	_ "modernc.org/sqlite"

	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "guard:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer) error {
	folder, err := os.MkdirTemp("", "guard")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "events.db")
	var processes []*webhook.Handler
	for _, name := range []string{"one", "two"} {
		db, err := open(path)
		if err != nil {
			return err
		}
		defer db.Close()
		h, err := handler(ctx, db, func(id string) { fmt.Fprintf(out, "process %s handles %s\n", name, id) })
		if err != nil {
			return err
		}
		processes = append(processes, h)
	}
	for i, id := range []string{"evt_1", "evt_1", "evt_2", "evt_2"} {
		w := httptest.NewRecorder()
		processes[i%2].ServeHTTP(w, webhooktest.Stripe("whsec_example").Request(event(id)))
		fmt.Fprintf(out, "%s: %d\n", id, w.Code)
	}
	return nil
}

func event(id string) []byte {
	return fmt.Appendf(nil, `{"id":%q,"object":"event","type":"invoice.paid","data":{"object":{}}}`, id)
}

// open opens the database so that writers wait for one another.
func open(path string) (*sql.DB, error) {
	return sql.Open("sqlite", "file:"+filepath.ToSlash(path)+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)")
}

func handler(ctx context.Context, db *sql.DB, handled func(id string)) (*webhook.Handler, error) {
	scheme, err := webhook.Stripe(secret.Static("whsec_example"))
	if err != nil {
		return nil, err
	}
	g, err := newGuard(ctx, db)
	if err != nil {
		return nil, err
	}
	return webhook.NewHandler(scheme, webhook.WithDeduplication(g),
		webhook.On("invoice.paid", func(_ context.Context, e webhook.Event[struct{}]) error {
			handled(e.ID)
			return nil
		}))
}
