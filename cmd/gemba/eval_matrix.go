package main

import (
	"context"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/gembahq/gemba/index/eval"
	"github.com/gembahq/gemba/internal/npy"
)

// matrixFlags are shared by "eval matrix" and "eval ek100".
type matrixFlags struct {
	similarity  string
	against     string
	conformance bool
}

func (f *matrixFlags) register(cmd *cobra.Command) {
	fs := cmd.Flags()
	fs.StringVar(&f.similarity, "similarity", "", "similarities as .npy, [videos][texts], float32 or float64, C order")
	fs.StringVar(&f.against, "against", "", "similarities of another model as .npy: prints how much better --similarity is, with confidence intervals")
	fs.BoolVar(&f.conformance, "conformance", false, "null where the official code gives NaN, instead of leaving such queries out")
	markFiles(cmd, "npy", "similarity", "against")
}

func newEvalMatrixCommand(a *app) *cobra.Command {
	var f matrixFlags
	var relevancy string
	cmd := &cobra.Command{
		Use:   "matrix --similarity S.npy --relevancy R.npy",
		Short: "Official EK-100 metrics of a similarity matrix",
		Long: `Computes mAP and nDCG as the official EPIC-KITCHENS-100 code does, in both
directions, from a similarity and a relevancy matrix.`,
		Example: "  gemba eval matrix --similarity S.npy --relevancy R.npy --json",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "similarity", "relevancy"); err != nil {
				return err
			}
			rel, err := readMatrix(relevancy)
			if err != nil {
				return err
			}
			return a.evalMatrixFile(cmd.Context(), &f, rel)
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&relevancy, "relevancy", "", "relevancies as .npy, [videos][texts], 0 to 1")
	markFiles(cmd, "npy", "relevancy")
	return cmd
}

func newEvalEK100Command(a *app) *cobra.Command {
	var f matrixFlags
	var annotations, videos, pack, save string
	cmd := &cobra.Command{
		Use:   "ek100 --annotations DIR (--similarity S.npy | --videos DIR)",
		Short: "Official EK-100 metrics, relevancy built from the annotation files",
		Long: `Computes the official EPIC-KITCHENS-100 retrieval metrics. The relevancy matrix
is built from ` + eval.EK100ClipFile + ` and
` + eval.EK100SentenceFile + ` in DIR: rows of the similarity
matrix follow the first file, columns the second. With --videos the similarities
are made by the model pack from the videos, anywhere below DIR under the names of
the data set (P01_101.MP4); --save keeps them.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := required(cmd, "annotations"); err != nil {
				return err
			}
			if (f.similarity == "") == (videos == "") {
				return usagef("give either --similarity or --videos")
			}
			if save != "" && videos == "" {
				return usagef("--save keeps what --videos makes; there is nothing to keep of --similarity")
			}
			rel, err := eval.ReadEK100Relevancy(annotations)
			if err != nil {
				return err
			}
			if videos == "" {
				return a.evalMatrixFile(cmd.Context(), &f, rel)
			}
			similarity, err := a.ek100Similarity(cmd.Context(), annotations, videos, pack)
			if err != nil {
				return err
			}
			if save != "" {
				if err := saveSimilarity(save, similarity); err != nil {
					return err
				}
			}
			return a.evalMatrix(cmd.Context(), &f, similarity, "the similarities of the videos", rel)
		},
	}
	f.register(cmd)
	fs := cmd.Flags()
	fs.StringVar(&annotations, "annotations", "", "folder with the EK-100 annotation files")
	fs.StringVar(&videos, "videos", "", "folder with the EK-100 videos")
	fs.StringVar(&pack, "pack", bundledPack, "folder of the model pack, for --videos")
	fs.StringVar(&save, "save", "", "keep the similarities of --videos as this .npy file")
	markFolders(cmd, "annotations", "videos", "pack")
	markFiles(cmd, "npy", "save")
	return cmd
}

// matrixReport is what both commands print with --json.
type matrixReport struct {
	*eval.Official
	Against *matrixComparison `json:"against,omitempty"`
}

// matrixComparison says how much better the first matrix is than the second.
type matrixComparison struct {
	MAP  directionComparisons `json:"map"`
	NDCG directionComparisons `json:"ndcg"`
}

type directionComparisons struct {
	V2T eval.Comparison `json:"v2t"`
	T2V eval.Comparison `json:"t2v"`
}

func (a *app) evalMatrixFile(ctx context.Context, f *matrixFlags, relevancy eval.Matrix) error {
	similarity, err := readMatrix(f.similarity)
	if err != nil {
		return err
	}
	return a.evalMatrix(ctx, f, similarity, f.similarity, relevancy)
}

// evalMatrix evaluates similarity, which errors call by its name.
func (a *app) evalMatrix(ctx context.Context, f *matrixFlags, similarity eval.Matrix, name string, relevancy eval.Matrix) error {
	score := func(sim eval.Matrix, name string) (*eval.Official, error) {
		res, err := eval.EvaluateOfficial(ctx, sim, relevancy, eval.OfficialOptions{Conformance: f.conformance})
		if err != nil {
			return nil, fmt.Errorf("evaluate %s: %w", name, err)
		}
		return res, nil
	}
	report := matrixReport{}
	var err error
	if report.Official, err = score(similarity, name); err != nil {
		return err
	}
	if f.against != "" {
		sim, err := readMatrix(f.against)
		if err != nil {
			return err
		}
		other, err := score(sim, f.against)
		if err != nil {
			return err
		}
		if report.Against, err = compareOfficial(other, report.Official); err != nil {
			return err
		}
	}
	if a.flags.json {
		return a.printJSON(report)
	}
	return a.printMatrixReport(&report, f)
}

func compareOfficial(old, new *eval.Official) (*matrixComparison, error) {
	var c matrixComparison
	for _, row := range []struct {
		out    *eval.Comparison
		before []float64
		after  []float64
	}{
		{&c.MAP.V2T, old.PerQuery.APV2T, new.PerQuery.APV2T},
		{&c.MAP.T2V, old.PerQuery.APT2V, new.PerQuery.APT2V},
		{&c.NDCG.V2T, old.PerQuery.NDCGV2T, new.PerQuery.NDCGV2T},
		{&c.NDCG.T2V, old.PerQuery.NDCGT2V, new.PerQuery.NDCGT2V},
	} {
		var err error
		if *row.out, err = (eval.Bootstrap{}).Compare(row.before, row.after); err != nil {
			return nil, fmt.Errorf("compare the two matrices: %w", err)
		}
	}
	return &c, nil
}

func (a *app) printMatrixReport(r *matrixReport, f *matrixFlags) error {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\tVIDEO TO TEXT\tTEXT TO VIDEO\tAVERAGE")
	fmt.Fprintf(w, "mAP\t%v\t%v\t%v\n", r.MAP.V2T, r.MAP.T2V, r.MAP.Avg)
	fmt.Fprintf(w, "nDCG\t%v\t%v\t%v\n", r.NDCG.V2T, r.NDCG.T2V, r.NDCG.Avg)
	if c := r.Against; c != nil {
		fmt.Fprintf(w, "\nmAP gain\t%s\t%s\n", gain(c.MAP.V2T), gain(c.MAP.T2V))
		fmt.Fprintf(w, "nDCG gain\t%s\t%s\n", gain(c.NDCG.V2T), gain(c.NDCG.T2V))
	}
	w.Flush()
	if n := r.WithoutRelevant; n.V2T+n.T2V > 0 {
		what := "left out of mAP"
		if f.conformance {
			what = "mAP is undefined where there is one"
		}
		fmt.Fprintf(&b, "\nQueries without a relevant answer: %d video to text, %d text to video (%s).\n", n.V2T, n.T2V, what)
	}
	_, err := a.stdout.Write([]byte(b.String()))
	return err
}

// gain writes a difference with its interval.
func gain(c eval.Comparison) string {
	return fmt.Sprintf("%+.4f (%+.4f to %+.4f)", float64(c.Difference), float64(c.Low), float64(c.High))
}

// readMatrix reads a .npy file of finite numbers.
func readMatrix(path string) (*eval.Dense, error) {
	m, err := npy.ReadMatrixFile[float64](path)
	if err != nil {
		return nil, err
	}
	d, err := eval.NewDense(m.Rows, m.Cols, m.Data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}
