// Decodes frames of a clip from their codes, and infers the codes of frames, in WebAssembly: an
// interpreter of short programs of layers. `packing.py` and `encoder.py` write the programs of a
// decoder and of an encoder, with their weights, into a file each, so that a new kind of either
// needs no new C.
//
// All numbers are float32 and all sums have one fixed order. Each frame is computed by itself. So
// a frame has the same bits in every browser, alone and in a clip.
//
// A host copies a file to `allocate` and calls `open` once. Of a decoder it writes codes to
// `static_code` and `dynamic_codes`, calls `begin` for a clip and `draw` for each frame of it, and
// reads RGBA bytes at `picture`. Of an encoder it calls `begin`, for each frame it writes RGBA
// bytes to `picture` and calls `observe`, and after `encode` it reads the codes. There is one file
// in a memory.

#include <wasm_simd128.h>

#define EXPORT(name) __attribute__((export_name(#name))) name

typedef float Vec __attribute__((vector_size(16)));  // four floats
enum { LANES = 4 };

static Vec splat(float x) { return (Vec){x, x, x, x}; }
static Vec *vec(float *at) { return (Vec *)at; }
static Vec load(const float *at) { return *(const Vec *)at; }
static Vec min(Vec a, Vec b) { return (Vec)wasm_f32x4_min((v128_t)a, (v128_t)b); }
static Vec max(Vec a, Vec b) { return (Vec)wasm_f32x4_max((v128_t)a, (v128_t)b); }
static Vec round_to_even(Vec x) { return (Vec)wasm_f32x4_nearest((v128_t)x); }
static v128_t to_int(Vec x) { return wasm_i32x4_trunc_sat_f32x4((v128_t)x); }

// ---------------------------------------------------------------------------------------------
// The file of a model. Places are counted in words of four bytes from its first byte; those beyond
// its end are working memory. Channels are padded with zeros to multiples of eight.

enum { MAGIC = 0x45415752, VERSION = 2 };  // "RWAE"

typedef struct {
  int operation;        // its place in `operations`
  int rows;             // of the input: pixels, or the side of a square map
  int inputs, outputs;  // numbers in a row of the input, and in one of the output
  int in, out;          // places
  int weights, bias;    // places
} Step;

typedef struct {
  int first, count;  // the place of its first step, and how many it has
} Program;

typedef struct {
  int magic, version;
  unsigned checksum;               // Adler-32 of all that follows
  int size;                        // words of file and working memory
  Program for_model, for_clip;     // run when the file is opened, and by `begin`
  Program for_frame, for_codes;    // run by `draw` or `observe`, and by `encode`
  int static_code, dynamic_codes;  // places of z_c and of z_1:T
  int dynamic_size;                // numbers in one z_t
  int code;                        // place of the z_t of the frame that is drawn
  int scratch, picture;            // places of memory for one step, and of RGBA bytes
  int side, top, left;             // of a frame, and where the square of the networks lies in it
} Model;

static Model *model;
static int frames;  // of the clip
static int frame;   // that is drawn or observed, counted from 0

enum { MAX_CHANNELS = 1024 };  // of `rwae.config`
static float zeros[MAX_CHANNELS] __attribute__((aligned(16)));  // a pixel outside of a map

static float *at(int place) { return (float *)model + place; }

// ---------------------------------------------------------------------------------------------
// Functions of four numbers.

// e^x = 2^n e^r with n = round(x / ln 2); the polynomial for e^r is that of Cephes (S. Moshier).
static __attribute__((noinline)) Vec exponential(Vec x) {
  x = max(min(x, splat(87)), splat(-87));
  Vec n = round_to_even(x * splat(1.44269504f));
  Vec r = x - n * splat(0.693359375f) + n * splat(2.12194440e-4f);  // ln 2 in two parts
  Vec p = splat(1.9875691500e-4f);
  p = p * r + splat(1.3981999507e-3f);
  p = p * r + splat(8.3334519073e-3f);
  p = p * r + splat(4.1665795894e-2f);
  p = p * r + splat(1.6666665459e-1f);
  p = p * r + splat(5.0000001201e-1f);
  p = p * r * r + r + splat(1);
  v128_t exponent = wasm_i32x4_add(to_int(n), wasm_i32x4_splat(127));
  return p * (Vec)wasm_i32x4_shl(exponent, 23);
}

static Vec logistic(Vec x) { return splat(1) / (splat(1) + exponential(-x)); }

static Vec hyperbolic_tangent(Vec x) { return splat(2) * logistic(x + x) - splat(1); }

// ---------------------------------------------------------------------------------------------
// Matrix products.

enum { ROWS = 4, COLUMNS = 8 };  // of the part of a product that stays in registers

// Some rows of eight columns of a product. The weights of the eight columns lie side by side.
static inline __attribute__((always_inline)) void block(
    int rows, int inputs, int outputs, const float *in, const float *weights, const float *bias,
    float *out) {
  Vec left[ROWS], right[ROWS];
  for (int row = 0; row < rows; row++) {
    left[row] = bias ? load(bias) : splat(0);
    right[row] = bias ? load(bias + LANES) : splat(0);
  }
  for (int n = 0; n < inputs; n++, weights += COLUMNS) {
    for (int row = 0; row < rows; row++) {
      Vec x = splat(in[row * inputs + n]);
      left[row] += x * load(weights);
      right[row] += x * load(weights + LANES);
    }
  }
  for (int row = 0; row < rows; row++) {
    *vec(out + row * outputs) = left[row];
    *vec(out + row * outputs + LANES) = right[row];
  }
}

// out = in W + bias, with W (inputs, outputs) in panels of eight columns; `bias` may be null, or
// be `out` itself where there is one row.
static void product(
    int rows, int inputs, int outputs, const float *in, const float *weights, const float *bias,
    float *out) {
  for (int column = 0; column < outputs; column += COLUMNS, weights += inputs * COLUMNS) {
    const float *b = bias ? bias + column : 0;
    int row = 0;
    for (; row + ROWS <= rows; row += ROWS)
      block(ROWS, inputs, outputs, in + row * inputs, weights, b, out + row * outputs + column);
    for (; row < rows; row++)
      block(1, inputs, outputs, in + row * inputs, weights, b, out + row * outputs + column);
  }
}

// The same of one row, once in the file of the kernel for all recurrences.
static __attribute__((noinline)) void row_product(
    int inputs, int outputs, const float *in, const float *weights, const float *bias,
    float *out) {
  product(1, inputs, outputs, in, weights, bias, out);
}

static void linear(const Step *s) {
  product(s->rows, s->inputs, s->outputs, at(s->in), at(s->weights), at(s->bias), at(s->out));
}

// ---------------------------------------------------------------------------------------------
// 3 x 3 convolutions by Winograd's F(2 x 2, 3 x 3) (Lavin and Gray, CVPR 2016): a tile of 2 x 2
// outputs y comes from 4 x 4 inputs d and the kernel g by 16 products in the place of 36,
//
//     y = A' [(G g G') * (B' d B)] A,
//
//     B' = 1  0 -1  0      G =  1    0    0      A' = 1  1  1  0
//          0  1  1  0          1/2  1/2  1/2          0  1 -1 -1
//          0 -1  1  0          1/2 -1/2  1/2
//          0  1  0 -1           0    0    1
//
// With all channels and tiles, each of the 16 products is a product of matrices. The three
// functions that follow are the columns of B, G and A applied to numbers that lie `step` apart.

enum { TILE = 2, PATCH = 4, KERNEL = 3, POINTS = PATCH * PATCH };

static void input_transform(Vec *d, int step) {
  Vec a = d[0], b = d[step], c = d[2 * step], e = d[3 * step];
  d[0] = a - c;
  d[step] = b + c;
  d[2 * step] = c - b;
  d[3 * step] = b - e;
}

static void kernel_transform(const Vec *g, int step, Vec *to, int to_step) {
  Vec outer = splat(0.5f) * (g[0] + g[2 * step]), inner = splat(0.5f) * g[step];
  to[0] = g[0];
  to[to_step] = outer + inner;
  to[2 * to_step] = outer - inner;
  to[3 * to_step] = g[2 * step];
}

static void output_transform(Vec *m, int step) {
  Vec a = m[0], b = m[step], c = m[2 * step], e = m[3 * step];
  m[0] = a + b + c;
  m[step] = b - c - e;
}

// Transforms kernels, once for each model: 9 planes (inputs x outputs) become 16.
static void transform_kernels(const Step *s) {
  int plane = s->inputs * s->outputs;
  for (int n = 0; n < plane; n += LANES) {
    Vec g[KERNEL * KERNEL], rows[PATCH * KERNEL], u[POINTS];
    for (int k = 0; k < KERNEL * KERNEL; k++) g[k] = load(at(s->in) + k * plane + n);
    for (int x = 0; x < KERNEL; x++) kernel_transform(g + x, KERNEL, rows + x, KERNEL);
    for (int y = 0; y < PATCH; y++) kernel_transform(rows + y * KERNEL, 1, u + y * PATCH, 1);
    for (int p = 0; p < POINTS; p++) *vec(at(s->out) + p * plane + n) = u[p];
  }
}

// B' d B of one tile, whose outputs begin at (top, left); outside the map, inputs are 0.
static void transform_patch(const Step *s, int top, int left, float *to, int plane) {
  const float *pixels[POINTS];
  for (int p = 0; p < POINTS; p++) {
    int y = top - 1 + p / PATCH, x = left - 1 + p % PATCH;
    int inside = y >= 0 && y < s->rows && x >= 0 && x < s->rows;
    pixels[p] = inside ? at(s->in) + (y * s->rows + x) * s->inputs : zeros;
  }
  for (int c = 0; c < s->inputs; c += LANES) {
    Vec d[POINTS];
    for (int p = 0; p < POINTS; p++) d[p] = load(pixels[p] + c);
    for (int x = 0; x < PATCH; x++) input_transform(d + x, PATCH);
    for (int y = 0; y < PATCH; y++) input_transform(d + y * PATCH, 1);
    for (int p = 0; p < POINTS; p++) *vec(to + p * plane + c) = d[p];
  }
}

// A' m A of one tile. The pixel shuffle is in the order of the outputs: four groups of channels,
// of which each goes to one pixel of a 2 x 2 square.
static void untransform_patch(const Step *s, int top, int left, const float *from, int plane) {
  int channels = s->outputs / 4, wide = 2 * s->rows;
  for (int n = 0; n < s->outputs; n += LANES) {
    Vec m[POINTS], bias = load(at(s->bias) + n);
    for (int p = 0; p < POINTS; p++) m[p] = load(from + p * plane + n);
    for (int x = 0; x < PATCH; x++) output_transform(m + x, PATCH);
    for (int y = 0; y < TILE; y++) output_transform(m + y * PATCH, 1);
    int group = n / channels;
    for (int y = top; y < top + TILE && y < s->rows; y++)
      for (int x = left; x < left + TILE && x < s->rows; x++) {
        int pixel = (2 * y + group / 2) * wide + 2 * x + group % 2;
        *vec(at(s->out) + pixel * channels + n % channels) =
            m[(y - top) * PATCH + x - left] + bias;
      }
  }
}

static void convolution(const Step *s) {
  int across = (s->rows + TILE - 1) / TILE, tiles = across * across;
  int in_plane = tiles * s->inputs, out_plane = tiles * s->outputs;
  float *patches = at(model->scratch), *products = patches + POINTS * in_plane;
  for (int t = 0; t < tiles; t++)
    transform_patch(s, t / across * TILE, t % across * TILE, patches + t * s->inputs, in_plane);
  for (int p = 0; p < POINTS; p++)
    product(tiles, s->inputs, s->outputs, patches + p * in_plane,
            at(s->weights) + p * s->inputs * s->outputs, 0, products + p * out_plane);
  for (int t = 0; t < tiles; t++)
    untransform_patch(s, t / across * TILE, t % across * TILE, products + t * s->outputs,
                      out_plane);
}

// ---------------------------------------------------------------------------------------------
// Other layers. FiLM, leaky ReLU, sigmoid and softmax change numbers where they are.

// FiLM: x = x * scale + shift, with one scale and one shift for each channel.
static void film(const Step *s) {
  float *x = at(s->out);
  for (int row = 0; row < s->rows; row++, x += s->outputs)
    for (int c = 0; c < s->outputs; c += LANES)
      *vec(x + c) = load(x + c) * load(at(s->weights) + c) + load(at(s->bias) + c);
}

static void leaky_relu(const Step *s) {
  Vec *x = vec(at(s->out));
  for (int n = 0; n < s->rows * s->outputs / LANES; n++)
    x[n] = max(x[n], x[n] * splat(0.1f));
}

static void sigmoid(const Step *s) {
  Vec *x = vec(at(s->out));
  for (int n = 0; n < s->rows * s->outputs / LANES; n++) x[n] = logistic(x[n]);
}

// Of one row. What pads it has to be far below the others.
static void softmax(const Step *s) {
  Vec *x = vec(at(s->out));
  float most = at(s->out)[0], sum = 0;
  for (int n = 1; n < s->outputs; n++) most = at(s->out)[n] > most ? at(s->out)[n] : most;
  for (int n = 0; n < s->outputs / LANES; n++) x[n] = exponential(x[n] - splat(most));
  for (int n = 0; n < s->outputs; n++) sum += at(s->out)[n];
  for (int n = 0; n < s->outputs / LANES; n++) x[n] /= splat(sum);
}

// The step of an LSTM whose gates were computed. They are in the order of PyTorch: input, forget,
// cell and output, of `size` numbers each. Cell and state follow them.
static void lstm_step(float *gates, int size) {
  int count = size / LANES;
  Vec *g = vec(gates), *cell = g + 4 * count, *state = cell + count;
  for (int n = 0; n < count; n++) {
    Vec fresh = logistic(g[n]) * hyperbolic_tangent(g[2 * count + n]);
    cell[n] = logistic(g[count + n]) * cell[n] + fresh;
    state[n] = logistic(g[3 * count + n]) * hyperbolic_tangent(cell[n]);
  }
}

static void fill_zeros(float *to, int count) {
  for (int n = 0; n < count; n += LANES) *vec(to + n) = splat(0);
}

// An LSTM over the codes of a clip: the mean of its states. The weights of the inputs come before
// those of the state.
static void lstm_mean(const Step *s) {
  int size = s->outputs;
  float *gates = at(model->scratch), *states = gates + 5 * size, *mean = at(s->out);
  const float *recurrent = at(s->weights) + s->inputs * 4 * size;
  fill_zeros(gates, 6 * size);
  fill_zeros(mean, size);
  for (int t = 0; t < frames; t++) {
    const float *code = at(s->in) + t * s->inputs;
    row_product(s->inputs, 4 * size, code, at(s->weights), at(s->bias), gates);
    row_product(size, 4 * size, states, recurrent, gates, gates);
    lstm_step(gates, size);
    for (int n = 0; n < size; n += LANES) *vec(mean + n) += load(states + n);
  }
  for (int n = 0; n < size; n += LANES) *vec(mean + n) /= splat(frames);
}

// Adds sprites (rows of them, inputs x inputs pixels) to a black map (outputs x outputs) at the
// positions z * unit + middle, by bilinear interpolation; see `rwae.models.objects.boxes`.
static void paste(const Step *s) {
  int edge = s->inputs, side = s->outputs;
  float unit = at(s->weights)[0], middle = at(s->weights)[1];
  Vec *map = vec(at(s->out));
  for (int n = 0; n < side * side; n++) map[n] = splat(0);
  for (int k = 0; k < s->rows; k++) {
    const Vec *sprite = vec(at(s->in)) + k * edge * edge;
    float left = at(model->code)[2 * k] * unit + middle;
    float top = at(model->code)[2 * k + 1] * unit + middle;
    for (int n = 0; n < side * side; n++) {
      float y = n / side - top, x = n % side - left;  // in the sprite
      if (y <= -1 || x <= -1 || y >= edge || x >= edge) continue;
      int row = (int)__builtin_floorf(y), column = (int)__builtin_floorf(x);
      for (int i = row; i <= row + 1; i++)
        for (int j = column; j <= column + 1; j++)
          if (i >= 0 && i < edge && j >= 0 && j < edge)
            map[n] += splat((1 - __builtin_fabsf(y - i)) * (1 - __builtin_fabsf(x - j))) *
                      sprite[i * edge + j];
    }
  }
}

// A map of values in [0, 1] as RGBA bytes within a black frame.
static void to_bytes(const Step *s) {
  int side = model->side;
  unsigned *pixels = (unsigned *)at(model->picture);
  for (int n = 0; n < side * side; n++) {
    int y = n / side - model->top, x = n % side - model->left;
    unsigned colour = 0;
    if (y >= 0 && y < s->rows && x >= 0 && x < s->rows) {
      Vec value = load(at(s->in) + (y * s->rows + x) * LANES);
      v128_t bytes = to_int(round_to_even(min(value, splat(1)) * splat(255)));
      colour = wasm_u32x4_extract_lane(bytes, 0) | wasm_u32x4_extract_lane(bytes, 1) << 8 |
               wasm_u32x4_extract_lane(bytes, 2) << 16;
    }
    pixels[n] = colour | 0xff000000;  // opaque
  }
}

// ---------------------------------------------------------------------------------------------
// Layers of encoders. They take little time, so the compiler makes them small.

#define SMALL __attribute__((minsize))

// The square of the networks in the RGBA bytes of a frame, as a map of values in [0, 1].
SMALL static void from_bytes(const Step *s) {
  const unsigned char *pixels = (const unsigned char *)at(model->picture);
  for (int n = 0; n < s->rows * s->rows; n++) {
    int y = n / s->rows + model->top, x = n % s->rows + model->left;
    const unsigned char *from = pixels + 4 * (y * model->side + x);
    *vec(at(s->out) + n * LANES) = (Vec){from[0], from[1], from[2], 0} / splat(255);
  }
}

// A map (2 rows, 2 rows, 4) of colours becomes one (rows, rows, 4) with the mean of four pixels
// and three colours, and zeros.
SMALL static void grey(const Step *s) {
  const Vec *from = vec(at(s->in));
  for (int n = 0; n < s->rows * s->rows; n++) {
    const Vec *x = from + n / s->rows * 4 * s->rows + n % s->rows * 2;
    Vec sum = x[0] + x[1] + x[2 * s->rows] + x[2 * s->rows + 1];
    *vec(at(s->out) + n * LANES) = (Vec){(sum[0] + sum[1] + sum[2]) / 12, 0, 0, 0};
  }
}

// The patches of a map that a convolution sees, one in a row: 3 x 3 pixels at each, or 4 x 4 at
// every second one, with a border of zeros. `outputs` is the side of a patch.
SMALL static void patches(const Step *s) {
  int side = s->rows, size = s->outputs, stride = size / 2;
  float *to = at(s->out);
  for (int top = -1; top + size <= side + 1; top += stride)
    for (int left = -1; left + size <= side + 1; left += stride)
      for (int p = 0; p < size * size; p++, to += s->inputs) {
        int y = top + p / size, x = left + p % size;
        int inside = y >= 0 && y < side && x >= 0 && x < side;
        const float *from = inside ? at(s->in) + (y * side + x) * s->inputs : zeros;
        for (int c = 0; c < s->inputs; c += LANES) *vec(to + c) = load(from + c);
      }
}

static void clear(const Step *s) { fill_zeros(at(s->out), s->outputs); }

// Adds the mean and the maximum of the rows to those of the frames before.
SMALL static void pool(const Step *s) {
  for (int c = 0; c < s->inputs; c += LANES) {
    const float *x = at(s->in) + c;
    Vec sum = load(x), most = sum;
    for (int row = 1; row < s->rows; row++) {
      sum += load(x + row * s->inputs);
      most = max(most, load(x + row * s->inputs));
    }
    *vec(at(s->out) + c) += sum / splat(s->rows);
    *vec(at(s->out) + s->inputs + c) += most;
  }
}

// Of a sum over the frames the mean.
static void average(const Step *s) {
  for (int n = 0; n < s->outputs; n += LANES) *vec(at(s->out) + n) /= splat(frames);
}

// Keeps what was computed of a frame.
static void keep(const Step *s) {
  float *to = at(s->out) + frame * s->outputs;
  for (int n = 0; n < s->outputs; n += LANES) *vec(to + n) = load(at(s->in) + n);
}

// The means of Q(z_t | z_<t, x_t) of `DynamicPosterior`, for all frames: an LSTM over the features
// of a frame (inputs) and the code before (outputs, of which the first `dynamic_size` are used).
// The weights are those of the gates for features, code and state, and those of the mean for state
// and features; the biases those of the gates and of the mean, then a factor, and whether the mean
// is layer-normed.
SMALL static void unroll(const Step *s) {
  int size = s->inputs, width = s->outputs, used = model->dynamic_size;
  float *gates = at(model->scratch), *state = gates + 5 * size, *code = state + size;
  const float *of_features = at(s->weights), *of_code = of_features + size * 4 * size;
  const float *of_state = of_code + width * 4 * size;
  const float *mean_of_state = of_state + size * 4 * size;
  const float *mean_of_features = mean_of_state + size * width;
  const float *bias = at(s->bias), *mean_bias = bias + 4 * size, *norm = mean_bias + width;
  fill_zeros(gates, 6 * size + width);
  for (int t = 0; t < frames; t++) {
    const float *features = at(s->in) + t * size;
    row_product(size, 4 * size, features, of_features, bias, gates);
    row_product(width, 4 * size, code, of_code, gates, gates);
    row_product(size, 4 * size, state, of_state, gates, gates);
    lstm_step(gates, size);
    row_product(size, width, state, mean_of_state, mean_bias, code);
    row_product(size, width, features, mean_of_features, code, code);
    float mean = 0, variance = 0;
    for (int n = 0; n < used; n++) mean += code[n] / used;
    for (int n = 0; n < used; n++) variance += (code[n] - mean) * (code[n] - mean) / used;
    float scale = norm[1] ? norm[0] / __builtin_sqrtf(variance + 1e-5f) : norm[0];
    for (int n = 0; n < used; n++) {
      code[n] = (norm[1] ? code[n] - mean : code[n]) * scale;
      at(s->out)[t * used + n] = code[n];
    }
  }
}

// ---------------------------------------------------------------------------------------------
// The interpreter.

// In the order of `Operation` in program.py.
static void (*const operations[])(const Step *) = {
    transform_kernels, linear, convolution, film,    leaky_relu, sigmoid, softmax,
    lstm_mean,         paste,  to_bytes,    from_bytes, grey,    patches, clear,
    pool,              average, keep,       unroll,
};

static void run(Program program) {
  const Step *steps = (const Step *)at(program.first);
  for (int n = 0; n < program.count; n++) operations[steps[n].operation](steps + n);
}

extern unsigned char __heap_base;
enum { WASM_PAGE = 65536 };

// Makes memory large enough for `bytes` from the model's place on; false if there is no more.
static int reserve(unsigned long bytes) {
  unsigned long needed = ((unsigned long)model + bytes + WASM_PAGE - 1) / WASM_PAGE;
  unsigned long there = __builtin_wasm_memory_size(0);
  return needed <= there || __builtin_wasm_memory_grow(0, needed - there) != -1UL;
}

static unsigned adler32(const unsigned char *bytes, unsigned long count) {
  unsigned a = 1, b = 0;
  while (count) {
    unsigned long part = count < 5552 ? count : 5552;  // as many as cannot overflow
    count -= part;
    for (; part; part--) b += a += *bytes++;
    a %= 65521;
    b %= 65521;
  }
  return b << 16 | a;
}

// The address for the file of a model; 0 if there is no memory.
void *EXPORT(allocate)(unsigned long bytes) {
  model = (Model *)(((unsigned long)&__heap_base + 15) / 16 * 16);
  return reserve(bytes) ? model : 0;
}

// Prepares the model whose file was copied to `allocate`. Returns whether it can be used: a file
// that was cut off or changed on its way cannot.
int EXPORT(open)(unsigned long bytes) {
  const unsigned char *rest = (const unsigned char *)&model->size;
  if (bytes < sizeof(Model) || model->magic != MAGIC || model->version != VERSION) return 0;
  if (model->checksum != adler32(rest, bytes - (rest - (unsigned char *)model))) return 0;
  if (!reserve((unsigned long)model->size * sizeof(float))) return 0;
  run(model->for_model);
  return 1;
}

float *EXPORT(static_code)(void) { return at(model->static_code); }
float *EXPORT(dynamic_codes)(void) { return at(model->dynamic_codes); }
float *EXPORT(picture)(void) { return at(model->picture); }

// Begins a clip of some frames, whose codes have been written if they are to be drawn.
void EXPORT(begin)(int count) {
  frames = count;
  run(model->for_clip);
}

// Draws a frame of the clip, counted from 0.
void EXPORT(draw)(int number) {
  frame = number;
  for (int n = 0; n < model->dynamic_size; n++)
    at(model->code)[n] = at(model->dynamic_codes)[frame * model->dynamic_size + n];
  run(model->for_frame);
}

// Takes in a frame of the clip, counted from 0, whose picture has been written.
void EXPORT(observe)(int number) {
  frame = number;
  run(model->for_frame);
}

// Infers the codes of the clip whose frames have been taken in.
void EXPORT(encode)(void) { run(model->for_codes); }
