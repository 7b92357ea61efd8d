// Command s3 measures puts and gets of 256 MiB against an S3 on loopback that keeps
// nothing: this module's, minio-go's and aws-sdk-go-v2's, with the same part size and
// the same number of parts at once. Each measurement is a process of its own, so that
// its peak memory is its own; the rounds are shuffled. It prints a Markdown table of the
// medians.
//
//	go run ./s3
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	size     = 256 << 20
	partSize = 8 << 20
	parallel = 4
	rounds   = 5
)

func main() {
	client := flag.String("client", "", "run one: own, minio-go or aws")
	work := flag.String("work", "", "put, stream or get")
	endpoint := flag.String("endpoint", "", "URL of the server")
	path := flag.String("path", "", "file to read or write")
	flag.Parse()
	var err error
	if *client == "" {
		err = measure()
	} else {
		err = one(*client, *work, *endpoint, *path)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "s3:", err)
		os.Exit(1)
	}
}

// one is the measured process: it does the work once, and prints how long that took and
// what memory the process has had at most.
func one(client, work, endpoint, path string) error {
	do, err := clients[client](endpoint)
	if err != nil {
		return err
	}
	if err := do.warm(); err != nil {
		return err
	}
	began := time.Now()
	switch work {
	case "put":
		err = do.put(path)
	case "stream":
		err = do.stream(path)
	default:
		err = do.get(path)
	}
	took := time.Since(began)
	if err != nil {
		return err
	}
	peak, err := peakMemory()
	fmt.Println(took.Nanoseconds(), peak)
	return err
}

// peakMemory is the most that this process has had in memory, in bytes, what is mapped
// of files left out.
func peakMemory() (int64, error) {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("the system does not say what memory is used")
}

type key struct{ client, work string }

func measure() error {
	dir, err := os.MkdirTemp("/dev/shm", "s3-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	source := filepath.Join(dir, "source")
	if err := os.WriteFile(source, bytes.Repeat([]byte("0123456789abcdef"), size/16), 0o600); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	srv := httptest.NewServer(http.HandlerFunc(serve))
	defer srv.Close()
	var jobs []key
	for client := range clients {
		for _, work := range works {
			jobs = append(jobs, key{client, work})
		}
	}
	times, peaks := map[key][]float64{}, map[key][]float64{}
	for range rounds {
		rand.Shuffle(len(jobs), func(i, j int) { jobs[i], jobs[j] = jobs[j], jobs[i] })
		for _, j := range jobs {
			path := source
			if j.work == "get" {
				path = filepath.Join(dir, "target")
			}
			cmd := exec.Command(self, "-client", j.client, "-work", j.work, "-endpoint", srv.URL, "-path", path)
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				return fmt.Errorf("%s %s: %w", j.client, j.work, err)
			}
			var ns, peak float64
			if _, err := fmt.Sscan(string(out), &ns, &peak); err != nil {
				return err
			}
			times[j], peaks[j] = append(times[j], ns), append(peaks[j], peak)
		}
	}
	fmt.Printf("256 MiB in parts of 8 MiB, 4 at once, over plain http on loopback; median of %d.\n\n", rounds)
	fmt.Println("| work | client | MiB/s | peak memory, MiB |\n|---|---|---|---|")
	for _, work := range works {
		for _, client := range []string{"own", "minio-go", "aws"} {
			j := key{client, work}
			fmt.Printf("| %s | %s | %.0f | %.0f |\n", work, client, size/float64(1<<20)/(median(times[j])/1e9), median(peaks[j])/(1<<20))
		}
	}
	return nil
}

func median(values []float64) float64 {
	slices.SortFunc(values, cmp.Compare[float64])
	return values[len(values)/2]
}

// works are a file that is put, a reader of unknown length that is put, and a get to a
// file.
var works = []string{"put", "stream", "get"}
