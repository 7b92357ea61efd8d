// Package tokens keeps OAuth tokens alive: many users, many goroutines, many
// processes. A refresh token that rotates must be used by one caller at a time,
// across all processes, and its successor must be stored before anything else
// happens. A [Manager] does both.
//
// Most programs have one Manager per provider, over one store that all processes
// share. The client is an *oauthflow.Client, or any other [Refresher]:
//
//	m, err := tokens.New(store, client)
//	err = m.Put(ctx, "user:42/github", token)   // once, after sign-in
//	tok, err := m.Token(ctx, "user:42/github")  // from then on
//
// [Manager.Source] gives an [oauth2.TokenSource] for one key, and [NewSource] one for
// a token that the application obtains with its own credentials. Tokens are kept in a
// [Store]: most callers use package sqlstore, wrapped by [Encrypt]; [MemoryStore]
// serves a single process and tests.
//
// # What it promises
//
// A token is handed out from memory while it is fresh. It goes stale before its end
// by min(60 s, 10 % of its lifetime), less a little jitter. Then, for each key, one
// goroutine of the process reads the store. If no other process has refreshed
// meanwhile, it puts a mark into the record by compare-and-swap, which exactly one
// process can win. It refreshes, stores the result by compare-and-swap, and only then
// hands it out. The others wait for it. None of this ends with the context of the
// caller that happened to come first.
//
// While the old token is alive no caller fails: it serves for as long as the refresh
// fails or hangs. After a failure there is a pause that doubles from one second to a
// minute. It is kept in the record, so that all processes and the next ones observe
// it.
//
// If the server says that the refresh token is of no use (invalid_grant), the store
// is read once more, since another process may have won. Otherwise that is recorded,
// [OnReauth] is called by the process that found out, and callers in all processes
// get a [ReauthError], without a further request, until Put stores a new token.
// Nothing else ends a grant: that a service responded with 401 is never stored, and
// an access token is handed out until it expires or another one replaces it.
//
// Clocks of different machines need not agree. What counts is what each process has
// seen of the record itself. A machine whose clock is wrong may refresh a token that
// it sees for the first time too early.
//
// # When no response comes
//
// A refresh that was sent and got no usable response (a timeout, a reset connection,
// a 5xx, a process killed in the middle) may have used up the refresh token, and the
// token that replaced it is unknown. The mark in the record, "in flight since, by
// whom", is written before sending, so this is known also after a crash. The policy:
//
//  1. Nobody else sends while the sender may still be at work: it renews the mark
//     every quarter of the lease (5 s). Another process takes over when the mark has
//     not changed for a whole lease on its own clock.
//  2. Then the same refresh token is sent once more: by the same process a second
//     after the failure, by another one when the lease of a dead process is over.
//     Servers that do not rotate do not care. Servers with a grace period repeat
//     their response. Servers that did not see the first request respond to this one.
//     A server that did see the first request and detects reuse revokes the token
//     family. Nothing is lost: without the missing response the family could not have
//     been refreshed once the current access token expired.
//  3. The server's response decides. If it refuses, the error is a ReauthError, and
//     its Unanswered says why. If again no response comes, the pause above, and the
//     lease of crashed processes, double each time. Callers get a [RefreshError] and
//     [OnFailure] is told each time, so it is neither silent nor a loop.
//
// [WithoutReplay] replaces steps 2 and 3 by a ReauthError, for a server that punishes
// reuse beyond the family. If the first response was only late, it is stored when it
// comes, as long as nothing has replaced the refresh token that it came from; where the
// server does not rotate, as long as nobody has stored another access token.
//
// # What it needs
//
// All processes must go through managers on the same store: tokens handed out hold no
// refresh token, so nothing else can use it by accident. Call [Manager.Shutdown]
// before the process ends, so that no refresh is cut off. A sign-out or sign-in in
// one process is noticed by the others within a minute ([WithRecheck]).
package tokens
