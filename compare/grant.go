package compare

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Grants are the behaviours of what keeps a user's tokens.
func Grants() Table[Keeper] {
	return Table[Keeper]{"Acting for a user", []Behaviour[Keeper]{eightAtOnce, twoProcesses, responseLost, callerLeaves}}
}

// processes starts n processes of k over one store that holds the user's grant.
func (a *authServer) processes(k Keeper, n int) ([]Handler, error) {
	start, err := k.Open(a.grant())
	if err != nil {
		return nil, err
	}
	handlers := make([]Handler, n)
	for i := range handlers {
		if handlers[i], err = start(); err != nil {
			return nil, err
		}
	}
	return handlers, nil
}

// together runs the handlers at once, each with a context that ends when it returns, as
// a server's request does, and returns how many did not get a fresh token.
func (a *authServer) together(ctx context.Context, handlers ...Handler) (failed int) {
	tokens := make([]string, len(handlers))
	var wg sync.WaitGroup
	for i, h := range handlers {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			defer time.AfterFunc(patience, cancel).Stop()
			if t, err := h(ctx); err == nil {
				tokens[i] = t
			}
		})
	}
	wg.Wait()
	for _, t := range tokens {
		if !a.gave(t) {
			failed++
		}
	}
	return failed
}

// shared is the outcome of requests that should have come to one refresh.
func (a *authServer) shared(failed int) Outcome {
	refreshes, alive := a.state()
	text := fmt.Sprintf("%s, %d fail", times(refreshes, "refresh request"), failed)
	if !alive {
		text += ", the grant is dead"
	}
	return judged(failed == 0 && refreshes == 1, "%s", text)
}

var eightAtOnce = Behaviour[Keeper]{
	ID: "eight-at-once", Title: "Eight requests at once, the token has expired",
	Asks: "One process handles eight requests of one user at once, and refresh tokens rotate. One refresh is to serve all eight.",
	Run: func(ctx context.Context, k Keeper) (Outcome, error) {
		a := newAuthServer()
		defer a.close()
		a.delay = 50 * time.Millisecond
		processes, err := a.processes(k, 1)
		if err != nil {
			return Outcome{}, err
		}
		h := processes[0]
		return a.shared(a.together(ctx, h, h, h, h, h, h, h, h)), nil
	},
}

var twoProcesses = Behaviour[Keeper]{
	ID: "two-processes", Title: "The same in two processes",
	Asks: "Two processes that share the store handle four such requests each. One refresh is to serve all eight.",
	Run: func(ctx context.Context, k Keeper) (Outcome, error) {
		a := newAuthServer()
		defer a.close()
		a.delay = 50 * time.Millisecond
		processes, err := a.processes(k, 2)
		if err != nil {
			return Outcome{}, err
		}
		one, two := processes[0], processes[1]
		return a.shared(a.together(ctx, one, two, one, two, one, two, one, two)), nil
	},
}

var responseLost = Behaviour[Keeper]{
	ID: "response-lost", Title: "The response to a refresh is lost",
	Asks: "The server refreshes and the connection is reset before its response arrives; asked again with the same refresh token within 30 s, it repeats " +
		"the response, as many do. The request is to have its token.",
	Run: func(ctx context.Context, k Keeper) (Outcome, error) {
		a := newAuthServer()
		defer a.close()
		a.grace, a.lose = 30*time.Second, 1
		processes, err := a.processes(k, 1)
		if err != nil {
			return Outcome{}, err
		}
		h := processes[0]
		if a.together(ctx, h) == 0 {
			return holds("it has its token"), nil
		}
		if a.together(ctx, h) == 0 {
			return open("it fails, the next has a token"), nil
		}
		return fails("no request has a token again"), nil
	},
}

var callerLeaves = Behaviour[Keeper]{
	ID: "caller-leaves", Title: "The request that began the refresh is cancelled",
	Asks: "A refresh takes 600 ms. The request that began it is cancelled after 200 ms, while seven others wait. It is to end then, and the " +
		"seven are to be served by one refresh.",
	Run: func(ctx context.Context, k Keeper) (Outcome, error) {
		a := newAuthServer()
		defer a.close()
		const refresh, leaves = 600 * time.Millisecond, 200 * time.Millisecond
		a.delay = refresh
		processes, err := a.processes(k, 1)
		if err != nil {
			return Outcome{}, err
		}
		h := processes[0]
		leaving, cancel := context.WithTimeout(ctx, leaves)
		defer cancel()
		gone := make(chan time.Duration, 1)
		go func() {
			began := time.Now()
			_, _ = h(leaving)
			gone <- time.Since(began)
		}()
		for range 100 { // until the first request is on its way
			if n, _ := a.state(); n > 0 {
				break
			}
			time.Sleep(time.Millisecond)
		}
		failed := a.together(ctx, h, h, h, h, h, h, h)
		took := <-gone
		o := a.shared(failed)
		o.Text = "gone after " + seconds(took) + ", " + o.Text
		if took >= (leaves+refresh)/2 {
			o.Verdict = Fails
		}
		return o, nil
	},
}
