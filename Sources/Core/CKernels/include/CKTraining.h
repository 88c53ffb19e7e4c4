// The kernels that only training needs: gradients of the layers, the loss of a row of pixels, and the optimisers.
#pragma once
#include <stddef.h>
#include <stdint.h>

/// c[k][n] (+)= sum over m of a[m][k] * b[m][n]: the gradient of a GEMM's weights.
typedef struct ck_outer {
  const float *_Nonnull a;  ///< [rows][k], row distance a_stride
  size_t a_stride;
  const float *_Nonnull b;  ///< [rows][n], row distance b_stride
  size_t b_stride;
  size_t rows;
  float *_Nonnull c;        ///< [k][n], row distance c_stride
  size_t c_stride;
  size_t k_begin, k_end, n;
  int accumulate;           ///< whether c is added to
} ck_outer;

/// The gradient of a 3x3 depthwise convolution's weights, summed over the output pixels of one picture:
/// sum[3 ky + kx][c] += dy[y][x][c] * x[y * stride + ky * dilation - pad_top][...][c].
typedef struct ck_depthwise_gradient {
  const float *_Nonnull x;   ///< [height][width][channels]
  const float *_Nonnull dy;  ///< [out_height][out_width][channels]
  size_t height, width, out_height, out_width, channels, stride, dilation, pad_top, pad_left;
  size_t channel_begin, channel_end;
  float *_Nonnull sum;       ///< [9][channels]
} ck_depthwise_gradient;

/// Some output rows of a 3x3 depthwise convolution with bias and bounds, forward again and backward at once: the outputs,
/// the gradient with respect to the sums, and those of the weights and the bias.
/// Maps lie in buffers whose pixels are `channels` floats apart, a multiple of 16; unused channels are zero.
typedef struct ck_depthwise_backward {
  const float *_Nonnull x;        ///< the first tap of the first output; zeros around the map are part of the rows
  size_t x_row;                   ///< floats between input rows
  const float *_Nonnull weights;  ///< [9][channels]
  const float *_Nonnull bias;     ///< [channels]
  float *_Nonnull y;              ///< [rows][out_width][channels], written
  float *_Nonnull dy;             ///< of y on entry, of the sums at the end
  size_t dy_row;                  ///< floats between rows of dy
  size_t rows, out_width, channels, stride, dilation;
  float low, high;
  float *_Nonnull sum;            ///< [10][channels]: the weights' gradient and the bias's, added to
} ck_depthwise_backward;

/// Some input rows of the gradient with respect to a 3x3 depthwise convolution's input, masked by the bounds of that
/// input's own activation; buffers as for ck_depthwise_backward.
typedef struct ck_depthwise_input_gradient {
  const float *_Nonnull dy;       ///< column 0 of output row dy_first; 2 * dilation pixels of zeros before and behind a row
  size_t dy_first, dy_row;        ///< floats between rows
  const float *_Nonnull weights;  ///< [9][channels]
  const float *_Nonnull x;        ///< column 0 of the first input row
  size_t x_row;
  float *_Nonnull dx;             ///< [rows][width][channels], written
  size_t first, rows, width;      ///< the input rows
  size_t out_height, channels, stride, dilation, pad_top, pad_left;
  float low, high;
  float *_Nonnull sum;            ///< [channels]: the sums of dx, added to
} ck_depthwise_input_gradient;

#define CK_TRAINING_LIST(X)                                                                                   \
  X(f32_outer, (const ck_outer *_Nonnull o))                                                                  \
  X(f32_depthwise_gradient, (const ck_depthwise_gradient *_Nonnull g))                                        \
  X(f32_depthwise_backward, (const ck_depthwise_backward *_Nonnull g))                                        \
  X(f32_depthwise_input_gradient, (const ck_depthwise_input_gradient *_Nonnull g))                            \
  /* sum[c] += sum over pixels of a[p][c] * b[p][c], whose pixels lie a_stride and b_stride floats apart */     \
  X(f32_product_sums, (const float *_Nonnull a, size_t a_stride, const float *_Nonnull b, size_t b_stride,    \
                       size_t pixels, size_t channels, float *_Nonnull sum))                                  \
  /* back through a maximum y, for one x of its window: where x[c] = y[c], dx[c] += dy[c], and dy[c] = 0 so that \
     no later x has it too */                                                                                 \
  X(f32_maximum_gradient, (float *_Nonnull dy, const float *_Nonnull y, const float *_Nonnull x, size_t channels, \
                           float *_Nonnull dx))                                                               \
  /* dy[i] *= the slope of the function; v is its argument, for a sigmoid its value */                       \
  X(f32_activation_gradient, (float *_Nonnull dy, const float *_Nonnull v, size_t n, ck_function function))   \
  /* sum[c] += sum over pixels of (x[p][c] - mean[c])^2 */                                                    \
  X(f32_square_sums, (const float *_Nonnull x, const float *_Nonnull mean, size_t pixels, size_t channels,    \
                      float *_Nonnull sum))                                                                   \
  /* y[p][c] = clamp(x[p][c] * scale[c] + shift[c], low, high) */                                             \
  X(f32_scale_pixels, (const float *_Nonnull x, const float *_Nonnull scale, const float *_Nonnull shift,     \
                       size_t pixels, size_t channels, float low, float high, float *_Nonnull y))             \
  /* dy[i] = low < y[i] < high ? dy[i] : 0: activation bounds' gradient */                                    \
  X(f32_mask, (float *_Nonnull dy, const float *_Nonnull y, size_t n, float low, float high))                 \
  /* sum[c] += sum over pixels of dy[p][c], moment[c] += sum of dy[p][c] * (x[p][c] - mean[c]) */             \
  X(f32_moment_sums, (const float *_Nonnull dy, const float *_Nonnull x, const float *_Nonnull mean,          \
                      size_t pixels, size_t channels, float *_Nonnull sum, float *_Nonnull moment))           \
  /* dy[p][c] = a[c] * dy[p][c] + b[c] * x[p][c] + s[c]: back through a batch norm */                         \
  X(f32_combine_pixels, (float *_Nonnull dy, const float *_Nonnull x, const float *_Nonnull a,                \
                         const float *_Nonnull b, const float *_Nonnull s, size_t pixels, size_t channels))   \
  /* z[class][i] becomes d loss / d z: weight * (softmax - one hot); weight[label] of each pixel, 0 where the label is  \
     no class. Rows of z have room for a multiple of 16. The cross-entropy is added to *loss. With `overlap`, the       \
     gradient also has that of a loss which changes by overlap[classes + k] with the probability of class k, and by      \
     overlap[k] more where k is the label. */                                                                 \
  X(f32_softmax_row, (float *_Nonnull z, size_t classes, size_t n, size_t stride, const uint8_t *_Nonnull label, \
                      const float *_Nonnull weight, const float *_Nullable overlap, double *_Nonnull loss))   \
  /* z becomes the probabilities; both[k] += their sum where k is the label, either[k] += their sum, and the number of   \
     pixels whose label it is */                                                                              \
  X(f32_overlap_row, (float *_Nonnull z, size_t classes, size_t n, size_t stride, const uint8_t *_Nonnull label, \
                      double *_Nonnull both, double *_Nonnull either))                                        \
  /* out[class][x] = p[left[x]][class] + (p[right[x]][class] - p[left[x]][class]) * share[x] */               \
  X(f32_enlarge_row, (const float *_Nonnull p, const uint32_t *_Nonnull left, const uint32_t *_Nonnull right, \
                      const float *_Nonnull share, size_t n, size_t classes, float *_Nonnull out, size_t stride)) \
  /* gradient: dp[left[x]][class] += d[class][x] * (1 - share[x]), dp[right[x]][class] += d[class][x] * share[x] */     \
  X(f32_reduce_row, (const float *_Nonnull d, size_t stride, const uint32_t *_Nonnull left,                   \
                     const uint32_t *_Nonnull right, const float *_Nonnull share, size_t n, size_t classes,   \
                     float *_Nonnull dp))                                                                     \
  /* stochastic gradient descent: m = momentum * m + g + decay * w, w -= rate * m */                          \
  X(f32_sgd, (float *_Nonnull w, const float *_Nonnull g, float *_Nonnull m, size_t n, float rate,            \
              float momentum, float decay))                                                                   \
  /* AdamW: w *= 1 - rate * decay, m and v follow g and g^2, w -= step * m / (sqrt(v) * root + epsilon) */    \
  X(f32_adamw, (float *_Nonnull w, const float *_Nonnull g, float *_Nonnull m, float *_Nonnull v, size_t n,   \
                const ck_adamw *_Nonnull o))                                                                  \
  X(f16_to_f32, (const uint16_t *_Nonnull x, size_t n, float *_Nonnull y))                                    \
  X(f32_to_f16, (const float *_Nonnull x, size_t n, uint16_t *_Nonnull y))

/// The numbers of one step of AdamW; source: "Decoupled Weight Decay Regularization", algorithm 2.
typedef struct ck_adamw {
  float decay;           ///< rate * weight decay
  float beta1, beta2;
  float step;            ///< rate / (1 - beta1^t)
  float root;            ///< 1 / sqrt(1 - beta2^t)
  float epsilon;
} ck_adamw;
