// Package peers holds the libraries that are compared, each with the settings that its
// own documentation recommends for what is asked. An improvement to any of them is
// welcome: what is wanted is the best that its users can have.
package peers
