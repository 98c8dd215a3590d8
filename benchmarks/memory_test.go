package main

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/parley-go/parley/benchmarks/internal/contender"
	"github.com/parley-go/parley/benchmarks/internal/peer"
	"github.com/parley-go/parley/benchmarks/internal/work"
)

// BenchmarkMemory is M64 one contender after another, for profiles and
// allocations; the ratio in RESULTS.md comes from interleaved runs.
func BenchmarkMemory(b *testing.B) {
	const callers = 64
	for _, entry := range contender.All() {
		if entry.TwinOf != "" || entry.Workloads[0] != "M64" {
			continue
		}
		b.Run(entry.Name, func(b *testing.B) {
			caller, err := entry.Contender.Dial(b.Context(), peer.Job{Workload: "M64", Callers: callers})
			require.NoError(b, err)
			defer func() { require.NoError(b, caller.Close()) }()
			order := work.Sample()
			b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := caller.Call(b.Context(), &order); err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
