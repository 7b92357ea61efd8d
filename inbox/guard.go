package inbox

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/standpipe-go/standpipe/webhook"
)

// As a guard the inbox serves handlers without a queue, in any number of processes. It
// remembers for as long as [WithRetention] says of identifiers. What [Inbox.Run] hands
// on needs no guard: there the event's own row says that it is to be run.

// guardLease is after how long the claim of a process that has died is another's.
const guardLease = 5 * time.Minute

// The states of a guard's row.
const (
	stateClaimed = iota + 1
	stateHandled
	stateSighting // its token is the owner: see marks
)

// Claim implements [webhook.Guard].
func (ib *Inbox) Claim(ctx context.Context, key webhook.GuardKey) (webhook.Claim, error) {
	c := webhook.Claim{Key: key, State: webhook.Claimed, Token: rand.Text()}
	if ib.runs(ctx) {
		return c, nil
	}
	if err := ib.ready(ctx); err != nil {
		return webhook.Claim{}, failed(ctx, "claim", err)
	}
	err := ib.transact(ctx, func(ctx context.Context, q querier) error {
		if id := identity(key); id != nil {
			var err error
			if c.State, err = ib.claimKey(ctx, q, id, c.Token); err != nil || c.State != webhook.Claimed {
				return err
			}
		}
		for _, mark := range sightings(key) {
			own, first := ownerOf(c), ""
			if err := q.QueryRowContext(ctx, ib.sql.sighting, mark, own, stateSighting, millis(ib.cfg.keys)).Scan(&first); err != nil {
				return err
			}
			c.Suspect = c.Suspect || first != own
		}
		return nil
	})
	if err != nil {
		return webhook.Claim{}, failed(ctx, "claim", err)
	}
	return c, nil
}

// claimKey takes what nobody has, or whose time is over, in one statement: of several
// processes one changes the row.
func (ib *Inbox) claimKey(ctx context.Context, q querier, id []byte, token string) (webhook.ClaimState, error) {
	n, err := changed(q.ExecContext(ctx, ib.sql.claimKey, id, token, stateClaimed, millis(guardLease)))
	if err != nil || n == 1 {
		return webhook.Claimed, err
	}
	var state int
	err = q.QueryRowContext(ctx, ib.sql.claimState, id).Scan(&state)
	switch {
	case err == nil && state == stateHandled:
		return webhook.Handled, nil
	case err == nil || isNone(err): // the other has just given it up: the provider sends again
		return webhook.InFlight, nil
	}
	return 0, err
}

// Commit implements [webhook.Guard].
func (ib *Inbox) Commit(ctx context.Context, c webhook.Claim) error {
	id := identity(c.Key)
	if id == nil || ib.runs(ctx) {
		return nil
	}
	return ib.settle(ctx, "commit the claim", func(ctx context.Context, q querier) error {
		_, err := q.ExecContext(ctx, ib.sql.commitKey, id, c.Token, stateHandled, millis(ib.cfg.keys))
		return err
	})
}

// Release implements [webhook.Guard].
func (ib *Inbox) Release(ctx context.Context, c webhook.Claim) error {
	if ib.runs(ctx) {
		return nil
	}
	return ib.settle(ctx, "release the claim", func(ctx context.Context, q querier) error {
		if id := identity(c.Key); id != nil {
			n, err := changed(q.ExecContext(ctx, ib.sql.releaseKey, id, c.Token, stateClaimed))
			if err != nil || n == 0 {
				return err
			}
		}
		for _, mark := range sightings(c.Key) { // it was not handled, so its redelivery is the first
			if _, err := q.ExecContext(ctx, ib.sql.releaseKey, mark, ownerOf(c), stateSighting); err != nil {
				return err
			}
		}
		return nil
	})
}

func (ib *Inbox) settle(ctx context.Context, what string, f func(context.Context, querier) error) error {
	if err := ib.transact(ctx, f); err != nil {
		return failed(ctx, what, err)
	}
	return nil
}

func sightings(k webhook.GuardKey) (list [][]byte) {
	body, id := marks(k)
	for _, mark := range [][]byte{body, id} {
		if mark != nil {
			list = append(list, mark)
		}
	}
	return list
}

// ownerOf is whose the sightings of a claim are: the delivery's, whatever the event's
// position, so that those of one batch do not make each other suspect.
func ownerOf(c webhook.Claim) string {
	if c.Key.ID == "" {
		return c.Token
	}
	k := c.Key
	k.Index = 0
	return hex.EncodeToString(identity(k))
}
