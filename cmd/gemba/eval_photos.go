package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// photoFlags are shared by "eval captions" and "eval labels".
type photoFlags struct {
	images string
	split  string
	refine int
	pack   string
}

func (f *photoFlags) register(cmd *cobra.Command) {
	f.registerPhotos(cmd)
	registerModelFlags(cmd, &f.pack, &f.refine)
}

func (f *photoFlags) registerPhotos(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.images, "images", "", "folder of the photos, or tar file that has them below images/")
	fs.StringVar(&f.split, "split", "", "only rows of this split (default: all)")
}

func registerModelFlags(cmd *cobra.Command, pack *string, refine *int) {
	cmd.Flags().StringVar(pack, "pack", bundledPack, "folder of the model pack")
	cmd.Flags().IntVar(refine, "refine", 0, "also measure refinement of the best K (needs a pack with a refinement head)")
	markFolders(cmd, "pack")
}

// errNoHead answers --refine for a pack without one.
var errNoHead = errors.New("the pack has no refinement head, so --refine cannot be measured; leave --refine out to measure the first stage")

// checkRefine refuses what cannot be measured before anything is encoded.
func checkRefine(cmd *cobra.Command, k int) error {
	if !cmd.Flags().Changed("refine") {
		return nil
	}
	if k < 1 || k > 200 {
		return usagef("--refine must be between 1 and 200, not %d", k)
	}
	return nil
}

// selectSplit keeps the rows of one split; the empty split keeps all.
func selectSplit[T any](rows []T, split, file string, of func(T) string) ([]T, error) {
	if split == "" {
		return rows, nil
	}
	var out []T
	var splits []string
	for _, r := range rows {
		s := of(r)
		if s == split {
			out = append(out, r)
		}
		if !slices.Contains(splits, s) {
			splits = append(splits, s)
		}
	}
	if len(out) == 0 {
		slices.SortFunc(splits, cmp.Compare[string])
		return nil, fmt.Errorf("%s has no row of split %q; it has %s", file, split, strings.Join(splits[:min(10, len(splits))], ", "))
	}
	return out, nil
}
