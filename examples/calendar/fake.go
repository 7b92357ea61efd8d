package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
)

// calendar is a Google Calendar in memory, as much of it as the demonstration needs: it
// numbers its changes, and a sync token is the number of the last one that was told.
type calendar struct {
	mu        sync.Mutex
	events    []map[string]any // in the order of their last change
	forgotten int              // no token from before is good
	lost      bool             // the response to the next insert
}

// forget makes every sync token worth nothing, as Google does now and then.
func (c *calendar) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.forgotten = len(c.events) + 1
	c.events = append(c.events, map[string]any{"id": "gone", "status": "cancelled"})
}

func (c *calendar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch id := path.Base(r.URL.Path); {
	case r.Method == http.MethodPost:
		c.insert(w, r)
	case id == "events":
		c.list(w, r.URL.Query().Get("syncToken"))
	default:
		if i := c.find(id); i >= 0 {
			respond(w, c.events[i])
			return
		}
		refuse(w, http.StatusNotFound, "notFound")
	}
}

// find is where an event is, -1 for nowhere.
func (c *calendar) find(id any) int {
	return slices.IndexFunc(c.events, func(e map[string]any) bool { return e["id"] == id })
}

func (c *calendar) list(w http.ResponseWriter, token string) {
	since, _ := strconv.Atoi(token)
	if token != "" && since < c.forgotten {
		refuse(w, http.StatusGone, "fullSyncRequired")
		return
	}
	items := []map[string]any{}
	for _, e := range c.events[since:] {
		if token != "" || e["status"] != "cancelled" {
			items = append(items, e)
		}
	}
	respond(w, map[string]any{"items": items, "nextSyncToken": strconv.Itoa(len(c.events))})
}

func (c *calendar) insert(w http.ResponseWriter, r *http.Request) {
	var event map[string]any
	if json.NewDecoder(r.Body).Decode(&event) != nil {
		refuse(w, http.StatusBadRequest, "parseError")
		return
	}
	if c.find(event["id"]) >= 0 {
		refuse(w, http.StatusConflict, "duplicate")
		return
	}
	c.events = append(c.events, event)
	if c.lost {
		c.lost = false
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	respond(w, event)
}

func respond(w http.ResponseWriter, body any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"error":{"errors":[{"reason":%q}],"code":%d}}`, reason, status)
}
