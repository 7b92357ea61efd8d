package clerk

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/providers/internal/epoch"
)

// Time is a time.Time that Clerk writes as milliseconds since 1970. Its zero value is no
// time.
type Time = epoch.Millis

// Page is a page of a listing. Clerk sends most as an object with their total, and some
// as a list alone.
type Page[T any] struct {
	Data  []T
	Total int64 // of all pages; 0 where Clerk does not say it
}

// UnmarshalJSON reads either form.
func (p *Page[T]) UnmarshalJSON(b []byte) error {
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		*p = Page[T]{}
		return json.Unmarshal(b, &p.Data)
	}
	var object struct {
		Data  []T   `json:"data"`
		Total int64 `json:"total_count"`
	}
	err := json.Unmarshal(b, &object)
	p.Data, p.Total = object.Data, object.Total
	return err
}

func itemsOf[T any](p Page[T]) []T { return p.Data }

// nextPage advances the offset until the total has been read, or, where there is none,
// until a page is not full.
func nextPage[T any](p client.Page[Page[T]]) (client.Request, bool) {
	n, query := len(p.Value.Data), p.Request.Query
	end := int(p.Value.Total)
	if end == 0 && n >= limitOf(query) {
		end = offsetOf(query) + n + 1
	}
	if n == 0 || offsetOf(query)+n >= end {
		return client.Request{}, false
	}
	return p.With("offset", strconv.Itoa(offsetOf(query)+n)), true
}

// nextUsers goes on after the last user of the page, so that it skips nobody where a
// user is deleted meanwhile. Clerk does that for the order of creation alone.
func nextUsers(p client.Page[[]User]) (client.Request, bool) {
	n, query := len(p.Value), p.Request.Query
	if n < limitOf(query) {
		return client.Request{}, false
	}
	order := strings.TrimLeft(query.Get("order_by"), "+-")
	if (order == "" || order == "created_at") && offsetOf(query) == 0 {
		return p.With("starting_after", p.Value[n-1].ID), true
	}
	return p.With("offset", strconv.Itoa(offsetOf(query)+n)), true
}

// defaultLimit is Clerk's own.
const defaultLimit = 10

func limitOf(query url.Values) int {
	if n, err := strconv.Atoi(query.Get("limit")); err == nil && n > 0 {
		return n
	}
	return defaultLimit
}

func offsetOf(query url.Values) int {
	n, _ := strconv.Atoi(query.Get("offset")) // what is not there is 0
	return n
}
