// Command kumo runs the emulator of AWS of that name in memory, prints READY and its URL,
// and serves until it is killed. The program that comes with it needs the SDK's client of
// every service, and minutes to compile.
package main

import (
	"fmt"

	"github.com/sivchari/kumo"
)

func main() {
	fmt.Println("READY", kumo.NewServer().URL)
	select {}
}
