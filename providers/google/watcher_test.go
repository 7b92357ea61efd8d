package google_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/standpipe-go/standpipe/client"
	"github.com/standpipe-go/standpipe/client/clienttest"
	"github.com/standpipe-go/standpipe/providers/google"
	"github.com/standpipe-go/standpipe/secret"
	"github.com/standpipe-go/standpipe/webhook"
	"github.com/standpipe-go/standpipe/webhook/webhooktest"
)

// channels is what Google knows of channels.
type channels struct {
	life   time.Duration // granted
	refuse func(path string) int

	mu    sync.Mutex
	alive []string
	made  int
	token string
	began []time.Time
}

func (s *channels) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refuse != nil {
		if status := s.refuse(r.URL.Path); status != 0 {
			w.WriteHeader(status)
			return
		}
	}
	var in struct{ ID, ResourceID, Token, Expiration string }
	_ = json.NewDecoder(r.Body).Decode(&in)
	if r.URL.Path == "/calendar/v3/channels/stop" {
		i := slices.Index(s.alive, in.ID)
		if i < 0 {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		s.alive = slices.Delete(s.alive, i, i+1)
		w.WriteHeader(http.StatusNoContent)
		return
	}
	s.made++
	s.token = in.Token
	s.alive, s.began = append(s.alive, in.ID), append(s.began, time.Now())
	expiration := in.Expiration
	if expiration == "" || s.life > 0 {
		expiration = fmt.Sprint(time.Now().Add(s.life).UnixMilli())
	}
	if s.life < 0 {
		expiration = ""
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]string{"id": in.ID, "resourceId": "r", "expiration": expiration})
}

func (s *channels) living() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.alive)
}

func watcher(t *testing.T, s *channels) *google.Watcher {
	t.Helper()
	c, _ := over(t, clienttest.Handle(s.ServeHTTP))
	return &google.Watcher{Client: c, CalendarID: google.Primary, Address: "https://app.example.com/hook", Token: secret.Static("a-channel-token")}
}

// A channel is renewed before it ends: the new one is there, and kept, before the old one
// is stopped.
func TestAChannelIsRenewedBeforeItEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &channels{life: 7 * 24 * time.Hour}
		w := watcher(t, s)
		var kept []google.Channel
		w.Save = func(_ context.Context, ch google.Channel) error {
			require.Contains(t, s.living(), ch.ID)
			require.Len(t, s.living(), min(len(kept)+1, 2), "the old one is not stopped yet")
			kept = append(kept, ch)
			return nil
		}
		ctx, cancel := context.WithTimeout(t.Context(), 30*24*time.Hour)
		defer cancel()
		err := w.Run(ctx, google.Channel{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5, s.made)
		require.Equal(t, []string{kept[4].ID}, s.living(), "it goes on for the next start")
		for i := 1; i < 5; i++ {
			require.Equal(t, 7*24*time.Hour-time.Hour, s.began[i].Sub(s.began[i-1]))
		}

		// The next start goes on with what was kept.
		ctx, cancel = context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.ErrorIs(t, w.Run(ctx, kept[4]), context.DeadlineExceeded)
		require.Equal(t, 5, s.made)
	})
}

// The clock is the watcher's: what is due is, and what is not stays.
func TestRenewGoesByItsClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &channels{}
		w := watcher(t, s)
		clock := time.Now()
		w.Now, w.Lifetime = func() time.Time { return clock }, time.Hour
		first, err := w.Renew(t.Context(), google.Channel{})
		require.NoError(t, err)
		require.Equal(t, clock.Add(time.Hour).UnixMilli(), first.Expiration.UnixMilli())
		require.Equal(t, clock.Add(30*time.Minute).UnixMilli(), w.Due(first).UnixMilli())
		clock = clock.Add(29 * time.Minute)
		same, err := w.Renew(t.Context(), first)
		require.NoError(t, err)
		require.Equal(t, first, same)
		require.Equal(t, 1, s.made)
		clock = clock.Add(time.Minute)
		second, err := w.Renew(t.Context(), first)
		require.NoError(t, err)
		require.NotEqual(t, first.ID, second.ID)
		require.Equal(t, []string{second.ID}, s.living())

		// One that has ended is not stopped.
		clock = clock.Add(2 * time.Hour)
		third, err := w.Renew(t.Context(), second)
		require.NoError(t, err)
		require.Equal(t, []string{second.ID, third.ID}, s.living())

		w.Ahead = 45 * time.Minute
		require.Equal(t, 15*time.Minute, w.Due(third).Sub(third.Expiration.Add(-time.Hour)))
		require.Zero(t, w.Due(google.Channel{}))
		w.Ahead, w.Lifetime = 0, 0
		require.Equal(t, time.Hour, third.Expiration.Sub(w.Due(third)))
	})
}

// What goes wrong between the two channels leaves one that is known of.
func TestARenewalThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &channels{life: time.Hour}
		w := watcher(t, s)
		old, err := w.Renew(t.Context(), google.Channel{})
		require.NoError(t, err)
		time.Sleep(30 * time.Minute)

		s.refuse = func(string) int { return http.StatusForbidden }
		now, err := w.Renew(t.Context(), old)
		require.ErrorIs(t, err, client.ErrForbidden)
		require.Equal(t, old, now, "the old one is still what there is")

		failed := errors.New("the database is away")
		s.refuse, w.Save = nil, func(context.Context, google.Channel) error { return failed }
		now, err = w.Renew(t.Context(), old)
		require.ErrorIs(t, err, failed)
		require.Equal(t, old, now)
		require.Equal(t, []string{old.ID}, s.living(), "one that nobody has kept is stopped")
		s.refuse = func(path string) int { return map[bool]int{true: 403}[path == "/calendar/v3/channels/stop"] }
		_, err = w.Renew(t.Context(), old)
		require.ErrorIs(t, err, failed)
		require.ErrorContains(t, err, "could not be stopped either")
		require.Len(t, s.living(), 2)

		w.Save = nil
		now, err = w.Renew(t.Context(), old)
		require.ErrorContains(t, err, "goes on until it ends")
		require.NotEqual(t, old.ID, now.ID, "the new one is what there is, although the old one goes on")

		s.refuse = func(path string) int { return map[bool]int{true: 404}[path == "/calendar/v3/channels/stop"] }
		_, err = w.Renew(t.Context(), old)
		require.NoError(t, err, "one that is gone is stopped")
	})
}

// An outage is waited out for as long as there is a channel, and no longer; what does not
// pass is told at once.
func TestRunInAnOutage(t *testing.T) {
	for name, tc := range map[string]struct {
		status int
		from   int           // the channel from which on Google refuses
		lasts  time.Duration // how long
		want   error
		after  time.Duration // when Run returns
	}{
		"it passes":            {503, 1, 20 * time.Minute, context.DeadlineExceeded, 10 * time.Hour},
		"it does not":          {503, 1, 100 * time.Hour, client.ErrUnavailable, time.Hour},
		"the calendar is gone": {404, 1, 100 * time.Hour, client.ErrNotFound, 30 * time.Minute},
		"the user has left":    {401, 1, 100 * time.Hour, client.ErrUnauthorized, 30 * time.Minute},
		"there was no channel": {503, 0, 100 * time.Hour, client.ErrUnavailable, 0},
		"nobody is let in":     {403, 0, 100 * time.Hour, client.ErrForbidden, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &channels{}
			began, refused := time.Now(), 0
			s.refuse = func(string) int {
				since := time.Since(began)
				if s.made >= tc.from && (tc.from == 0 || since < 30*time.Minute+tc.lasts) {
					refused++
					return tc.status
				}
				return 0
			}
			w := watcher(t, s)
			w.Lifetime = time.Hour
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Hour)
			defer cancel()
			err := w.Run(ctx, google.Channel{})
			require.ErrorIs(t, err, tc.want, name)
			require.InDelta(t, tc.after.Minutes(), time.Since(began).Minutes(), 6, name)
			require.LessOrEqual(t, refused, 20, "%s: it is not asked without end", name)
			if tc.want == context.DeadlineExceeded {
				for i := 1; i < len(s.began); i++ {
					require.Less(t, s.began[i].Sub(s.began[i-1]), time.Hour, "there is no gap")
				}
			}
		})
	}
}

// A Google that grants little, or says nothing, is not asked without end.
func TestRunWithShortChannels(t *testing.T) {
	for life, most := range map[time.Duration]int{time.Second: 61, 20 * time.Minute: 7, -1: 1} {
		synctest.Test(t, func(t *testing.T) {
			s := &channels{life: life}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			require.ErrorIs(t, watcher(t, s).Run(ctx, google.Channel{}), context.DeadlineExceeded)
			require.LessOrEqual(t, s.made, most, life)
			require.Positive(t, s.made)
		})
	}
}

func TestWatcherConfig(t *testing.T) {
	for name, change := range map[string]func(*google.Watcher){
		"no client":          func(w *google.Watcher) { w.Client = nil },
		"no calendar":        func(w *google.Watcher) { w.CalendarID = "" },
		"no token":           func(w *google.Watcher) { w.Token = nil },
		"plain http":         func(w *google.Watcher) { w.Address = "http://app.example.com/hook" },
		"a negative life":    func(w *google.Watcher) { w.Lifetime = -1 },
		"a negative ahead":   func(w *google.Watcher) { w.Ahead = -1 },
		"ahead of its start": func(w *google.Watcher) { w.Lifetime, w.Ahead = time.Hour, time.Hour },
	} {
		s := &channels{life: time.Hour}
		w := watcher(t, s)
		change(w)
		require.ErrorIs(t, w.Run(t.Context(), google.Channel{}), client.ErrConfig, name)
		require.Zero(t, s.made, name)
	}
	w := watcher(t, &channels{})
	w.Token = secret.Func(func(context.Context) ([]secret.Value, error) { return nil, errors.New("the vault is away") })
	_, err := w.Renew(t.Context(), google.Channel{})
	require.ErrorContains(t, err, "the token")
}

// The newest token goes into the channel, and the webhook with the same source takes what
// comes with it.
func TestTheTokenIsTheWebhooks(t *testing.T) {
	s := &channels{life: time.Hour}
	w := watcher(t, s)
	w.Token = secret.Static("a-channel-token-2")
	ch, err := w.Renew(t.Context(), google.Channel{})
	require.NoError(t, err)
	hooks, err := webhook.GoogleCalendar(w.Token)
	require.NoError(t, err)
	for token, good := range map[string]bool{s.token: true, "another-token": false} {
		r := webhooktest.GoogleCalendar(token).Request(nil)
		r.Header.Set("X-Goog-Channel-Id", ch.ID)
		_, err = hooks.Verify(t.Context(), webhook.FromHTTP(r, nil))
		require.Equal(t, good, err == nil)
	}
}

// A machine that was suspended finds its channel due soon after it wakes: the clock of
// timers has stood still.
func TestRunAfterASuspension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &channels{}
		w := watcher(t, s)
		w.Lifetime = 7 * 24 * time.Hour
		var suspended atomic.Int64
		w.Now = func() time.Time { return time.Now().Add(time.Duration(suspended.Load())) }
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Hour)
		defer cancel()
		time.AfterFunc(90*time.Minute, func() { suspended.Store(int64(6*24*time.Hour + 23*time.Hour)) })
		require.ErrorIs(t, w.Run(ctx, google.Channel{}), context.DeadlineExceeded)
		require.Equal(t, 2, s.made)
		require.LessOrEqual(t, s.began[1].Sub(s.began[0]), 2*time.Hour)
	})
}

// C37: a Save that panics, or is given up, leaves no channel that nobody has kept.
func TestC37_ASaveThatPanics(t *testing.T) {
	for name, save := range map[string]func(context.CancelFunc) error{
		"panics":      func(context.CancelFunc) error { panic("mine") },
		"is given up": func(cancel context.CancelFunc) error { cancel(); return context.Canceled },
	} {
		s := &channels{life: time.Hour}
		w := watcher(t, s)
		ctx, cancel := context.WithCancel(t.Context())
		w.Save = func(context.Context, google.Channel) error { return save(cancel) }
		ch, err := w.Renew(ctx, google.Channel{})
		require.ErrorContains(t, err, "saving the new channel", name)
		require.Zero(t, ch, name)
		require.Equal(t, 1, s.made, name)
		require.Empty(t, s.living(), name)
		cancel()
	}
}

// One outage says nothing of the next: the first wait in it is short again.
func TestRunInTwoOutages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &channels{}
		began := time.Now()
		var refused []time.Duration
		s.refuse = func(string) int {
			at := time.Since(began)
			if at > time.Minute && at < 40*time.Minute || at > 70*time.Minute && at < 90*time.Minute {
				refused = append(refused, at)
				return 503
			}
			return 0
		}
		w := watcher(t, s)
		w.Lifetime = time.Hour
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
		defer cancel()
		require.ErrorIs(t, w.Run(ctx, google.Channel{}), context.DeadlineExceeded)
		second := slices.IndexFunc(refused, func(at time.Duration) bool { return at > time.Hour })
		require.Equal(t, 30*time.Second, refused[1]-refused[0])
		require.Equal(t, 30*time.Second, refused[second+1]-refused[second])
	})
}
