// SPDX-License-Identifier: GPL-2.0

// The rows of gVisor's PortManager, as Debian packages it: called in the process that it is
// in, so with no system call, and in one thread.
package main

import (
	"fmt"
	"math/rand"
	"os"
	"runtime"
	"runtime/debug"
	"sort"
	"strconv"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/ports"
)

const (
	port       = 40000
	low        = 16000
	high       = 65535
	samples    = 25
	sampleTime = 16 * time.Millisecond
	fewSamples = 9 // of calls that take longer
	calls      = 64
	held       = 200000
)

var (
	pm   = ports.NewPortManager()
	rng  = rand.New(new(spread))
	ipv4 = []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber}
	both = []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber, header.IPv6ProtocolNumber}
	ours = tcpip.Address("\x0a\x00\x00\x01")
	any  = tcpip.Address("")
	want ports.Reservation
)

// Numbers that are spread evenly, as random ones are after many more calls.
type spread uint64

func (s *spread) Seed(int64) {}

func (s *spread) Int63() int64 {
	*s += 0x9e3779b97f4a7c15
	return int64(*s >> 1)
}

func other(i int) tcpip.Address {
	return tcpip.Address([]byte{10, 1, byte(i >> 8), byte(i)})
}

func binding(addr tcpip.Address, port int, share bool) ports.Reservation {
	return ports.Reservation{
		Networks:  ipv4,
		Transport: header.UDPProtocolNumber,
		Addr:      addr,
		Port:      uint16(port),
		Flags:     ports.Flags{LoadBalanced: share},
	}
}

func hold(res ports.Reservation) {
	if _, err := pm.ReservePort(rng, res, nil); err != nil {
		panic(err.String())
	}
}

func reserveRelease() {
	res := want
	p, err := pm.ReservePort(rng, res, nil)
	if err != nil {
		panic(err.String())
	}
	res.Port = p
	pm.ReleasePort(res)
}

func refused() {
	if _, err := pm.ReservePort(rng, want, nil); err == nil {
		panic("a reservation that was to be refused")
	}
}

func median(sample []float64) float64 {
	sort.Float64s(sample)
	return sample[len(sample)/2]
}

func clockCost() float64 {
	sample := make([]float64, 99)
	for i := range sample {
		start := time.Now()
		sample[i] = float64(time.Since(start))
	}
	return median(sample)
}

// What work costs a call.  The garbage collector is kept out of it: when it runs is chance.
func measure(work func()) float64 {
	work()
	start := time.Now()
	work()
	calls := int(sampleTime/time.Since(start)) + 1
	for i := 0; i < 2*calls; i++ { // until the heap has its size
		work()
	}
	debug.SetGCPercent(-1)
	runtime.GC()
	n := samples
	if calls == 1 {
		n = fewSamples
	}
	sample := make([]float64, n)
	cost := clockCost()
	for i := range sample {
		start := time.Now()
		for j := 0; j < calls; j++ {
			work()
		}
		sample[i] = (float64(time.Since(start)) - cost) / float64(calls)
	}
	return median(sample)
}

func single(addr tcpip.Address, port int, share bool) float64 {
	want = binding(addr, port, share)
	return measure(reserveRelease)
}

func holdPort(naddrs int, share bool) {
	for i := 0; i < naddrs; i++ {
		hold(binding(other(i), port, share))
	}
}

func holdRange(addr tcpip.Address) {
	for p := low; p <= high; p++ {
		hold(binding(addr, p, false))
	}
}

func full(holder tcpip.Address) float64 {
	holdRange(holder)
	want = binding(ours, 0, false)
	return measure(refused)
}

// One in n ports is free.
func pickAmong(n int) float64 {
	for p := low; p <= high; p++ {
		if p%n != p/n%n {
			hold(binding(ours, p, false))
		}
	}
	want = binding(ours, 0, false)
	return measure(reserveRelease)
}

func beside(n int) float64 {
	holdMany(n)
	return single(ours, port, false)
}

func holdMany(n int) {
	for i := 0; i < n; i++ {
		hold(binding(other(i/50000), 10000+i%50000, false))
	}
}

func set() {
	for _, transport := range []tcpip.TransportProtocolNumber{
		header.TCPProtocolNumber, header.UDPProtocolNumber} {
		want = binding(any, port, false)
		want.Networks = both
		want.Transport = transport
		reserveRelease()
	}
}

var rows = map[string]func() float64{
	"reserve_release": func() float64 { return single(ours, port, false) },
	"kapi_pair":       func() float64 { return single(ours, port, false) },
	"refused": func() float64 {
		hold(binding(ours, port, false))
		want = binding(ours, port, false)
		return measure(refused)
	},
	"pick_empty":    func() float64 { return single(ours, 0, false) },
	"pick_50":       func() float64 { return pickAmong(2) },
	"pick_90":       func() float64 { return pickAmong(10) },
	"pick_99":       func() float64 { return pickAmong(100) },
	"pick_999":      func() float64 { return pickAmong(1000) },
	"pick_full":     func() float64 { return full(ours) },
	"pick_full_any": func() float64 { return full(any) },
	"pick_other": func() float64 {
		holdRange(other(0))
		return single(ours, 0, false)
	},
	"beside_10000": func() float64 {
		holdPort(10000, false)
		return single(ours, port, false)
	},
	"wildcard_1": func() float64 {
		holdPort(1, true)
		return single(any, port, true)
	},
	"wildcard_10000": func() float64 {
		holdPort(10000, true)
		want = binding(any, port, true)
		return measure(reserveRelease)
	},
	"held_1k":   func() float64 { return beside(1000) },
	"held_10k":  func() float64 { return beside(10000) },
	"held_100k": func() float64 { return beside(100000) },
	"held_1m":   func() float64 { return beside(1000000) },
	"memory": func() float64 {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		holdMany(held)
		runtime.GC()
		runtime.ReadMemStats(&after)
		return float64(after.HeapAlloc-before.HeapAlloc) / held
	},
	"set": func() float64 { return measure(set) },
	"join_1000": func() float64 {
		for i := 0; i < 1000; i++ {
			hold(binding(ours, port, true))
		}
		return single(ours, port, true)
	},
}

// Times a second that n goroutines, each with a port of its own, reserve and release.
func scale(n int, duration time.Duration) float64 {
	runtime.GOMAXPROCS(n)
	done := make(chan int)
	for i := 0; i < n; i++ {
		go func(res ports.Reservation) {
			count := 0
			end := time.Now().Add(duration)
			for time.Now().Before(end) {
				for j := 0; j < calls; j++ {
					hold(res)
					pm.ReleasePort(res)
				}
				count += calls
			}
			done <- count
		}(binding(other(i), port+i, false))
	}
	sum := 0
	for i := 0; i < n; i++ {
		sum += <-done
	}
	return float64(sum) / duration.Seconds()
}

func main() {
	if os.Args[1] == "scale" {
		n, _ := strconv.Atoi(os.Args[2])
		ms, _ := strconv.Atoi(os.Args[3])
		fmt.Printf("%.0f\n", scale(n, time.Duration(ms)*time.Millisecond))
		return
	}
	runtime.GOMAXPROCS(1)
	peer, key := os.Args[1], os.Args[2]
	run, ok := rows[key]
	if !ok {
		fmt.Fprintf(os.Stderr, "no row %s for %s\n", key, peer)
		os.Exit(2)
	}
	fmt.Printf("%s %s %.2f\n", key, peer, run())
}
