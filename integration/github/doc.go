// Package github holds providers/github to what others say of GitHub: its own
// description, under Prism and by itself, go-github, and emulate.
package github
