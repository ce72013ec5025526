---@meta cmml
-- Types of cmml for the Lua language server. Written by `make reference`; not meant to be run.

---A recommender that knows what one person rated.
---@class cmml.Adapted
---@field model cmml.Recommender
---@field rows table items of the support, as rows of the catalogue
---@field skipped table raw ids of the support that the model does not know
---@field state any of the model
local class_Adapted = {}

---Predicted ratings of items.
---@param items table list of raw ids
---@return table # list of numbers, neither clipped nor rounded
function class_Adapted:predict(items) end

---@class cmml.Adapted.recommend.options
---@field n? integer default 10
---@field exclude? table default {}
---@field include_support? boolean default false

---The items with the highest predicted ratings; equal ones in the order of the catalogue.
---@param options? cmml.Adapted.recommend.options n (default 10), exclude (list of raw ids; unknown ones do no harm), include_support (true: items of the support may come, too)
---@return table # list of {item, title, score}, best first; shorter if there are not n items
function class_Adapted:recommend(options) end

---A recommender that has seen a few labelled pairs of a scenario.
---@class cmml.AdaptedScenario
---@field model cmml.Recommender
---@field state any of the model
---@field pairs table list of {user, item, label}: rows of the support
local class_AdaptedScenario = {}

---Scores of items for a user; only their order means anything.
---@param user string|number raw id
---@param items table list of raw ids
---@return table # list of numbers
function class_AdaptedScenario:predict(user, items) end

---@class cmml.AdaptedScenario.recommend.options
---@field user any
---@field n? integer default 10
---@field items? table
---@field exclude? table default {}
---@field include_support? boolean default false

---The items with the highest scores for a user; equal ones in the order of the catalogue.
---@param options cmml.AdaptedScenario.recommend.options user (raw id), n (default 10), items (list of raw ids to choose from, such as those of the scenario; default: all), exclude (list of raw ids; unknown ones do no harm), include_support (true: items that the support has as positives of the user may come, too)
---@return table # list of {item, title, score}, best first; shorter if there are not n items
function class_AdaptedScenario:recommend(options) end

---What `nn.attention` gives.
---@class cmml.Attention: cmml.Module
---@overload fun(...: any): any
local class_Attention = {}

---Runs the layer.
---@param x cmml.Tensor [batch, time, width]
---@param lengths? cmml.Segments valid keys of each row; default: all
---@param bias? cmml.Tensor added to the logits [batch, heads, time, time], or broadcast to them
---@return cmml.Tensor # [batch, time, width]
function class_Attention:forward(x, lengths, bias) end

---What each query gives to each key.
---@param x cmml.Tensor [batch, time, width]
---@param lengths? cmml.Segments valid keys of each row; default: all
---@param bias? cmml.Tensor added to the logits [batch, heads, time, time], or broadcast to them
---@return cmml.Tensor # [batch, heads, time, time]; rows add up to 1, or are 0 where the length is 0
function class_Attention:weights(x, lengths, bias) end

---What `encoders.attention` gives.
---@class cmml.AttentionEncoder: cmml.Module
---@overload fun(...: any): any
local class_AttentionEncoder = {}

---The contexts of tasks.
---@param samples cmml.Tensor|cmml.Joined [rows, inp]
---@param segments cmml.Segments one a task
---@return cmml.Tensor # [tasks, out]
function class_AttentionEncoder:forward(samples, segments) end

---The items of a model, and the values that fields can have; see `catalogue`.
---@class cmml.Catalogue
---@field items cmml.Vocab raw ids
---@field schema table
---@field titles? table by row of `items`
---@field vocabs table the values of each field, a Vocab by its name
---@field item_bags table the items' values: {ids, segments} for each item field, in order
local class_Catalogue = {}

---The values of rows as bags of ids, one {ids, segments} a field.
---@param side string "item" or "user"
---@param records table tables of values by field name; a missing one is a row of unknowns
---@param count? integer of rows, default #records
---@return table # list in the order of the fields; `merged` holds all of them side by side
function class_Catalogue:bags(side, records, count) end

---What a model file keeps of the catalogue.
---@return table # list of {name, value} for write_archive
---@return table # plain data for its configuration
function class_Catalogue:export() end

---The fields of a side as the network wants them.
---@param side string
---@return table # list of {name, size, multi}
function class_Catalogue:fields(side) end

---The title of an item row, or its raw id where there is none.
---@param row integer
---@return string
function class_Catalogue:title(row) end

---What `cosine` gives.
---@class cmml.Cosine
local class_Cosine = {}

---Goes on from that state.
---@param state table
function class_Cosine:restore(state) end

---What resuming needs, as plain data.
---@return table
function class_Cosine:state() end

---Goes one step on.
---@return number # the learning rate for the next step
function class_Cosine:step() end

---Takes the next value of the metric.
---@return number # the learning rate from now on
function class_Cosine:update() end

---Ratings, and what is known of their items and people; see `dataset`.
---@class cmml.Dataset
---@field name string
---@field schema table
---@field users cmml.Vocab raw ids
---@field items cmml.Vocab raw ids
---@field user_records table by row of `users`
---@field item_records table by row of `items`
---@field titles table by row of `items`
---@field ratings table grouped by user: users (Segments), items (Ids), ratings (Tensor)
---@field duplicates integer ratings left out
local class_Dataset = {}

---The catalogue that a model of this data set needs. The values that fields may have are those
---of the training users, and of the items that they rated.
---@param train table list of user rows
---@param ratings? table that may be learnt from, grouped by user, with item rows of the dataset; default: all
---@return cmml.Catalogue
function class_Dataset:catalogue(train, ratings) end

---The ratings with the item rows of a model's catalogue, which may be another than the data's.
---@param catalogue cmml.Catalogue of the model
---@return table? # as `ratings`; nil if an item that was rated is not in the catalogue
---@return string? # message
function class_Dataset:ratings_for(catalogue) end

---@class cmml.Dataset.split.options
---@field test? any default 0.2
---@field valid? number default 0.05
---@field seed? integer default 1

---Splits the users with ratings into those to learn from, to choose by, and to test on.
---@param options? cmml.Dataset.split.options test: a list of raw user ids, the path of a file that lists them, or a share of the users drawn at random (default 0.2); valid: a share of the other users (default 0.05); seed of the random choices (default 1)
---@return table? # train, valid, test: lists of user rows; nil if the file cannot be used
---@return string? # message
function class_Dataset:split(options) end

---What `hybrids.dot` gives.
---@class cmml.DotHybrid: cmml.Module
---@overload fun(...: any): any
local class_DotHybrid = {}

---The products.
---@param x cmml.Joined [rows, width]
---@param context cmml.Tensor [tasks, width]
---@param tasks cmml.Ids the task of each row
---@return cmml.Joined # [rows, width]
function class_DotHybrid:forward(x, context, tasks) end

---What `nn.dropout` gives.
---@class cmml.Dropout: cmml.Module
---@overload fun(...: any): any
local class_Dropout = {}

---@class cmml.Dropout.forward.key
---@field seed? integer default 0
---@field epoch? integer default 0
---@field task? integer default 0

---Runs the layer.
---@param x cmml.Tensor of any shape
---@param key? cmml.Dropout.forward.key seed, epoch, task (whole numbers, 0 unless given); nil gives x itself
---@return cmml.Tensor # of the same shape
function class_Dropout:forward(x, key) end

---What `nn.embedding` gives.
---@class cmml.Embedding: cmml.Module
---@overload fun(...: any): any
local class_Embedding = {}

---Vectors of ids, or means over bags of them.
---@param ids cmml.Ids 0 counts as absent
---@param segments? cmml.Segments the bags; without them each id is one
---@param rows? cmml.Ids which bags, in order; without them all
---@return cmml.Tensor # [bags or rows, width]; zeros for an empty bag
function class_Embedding:forward(ids, segments, rows) end

---What `factor_base` gives.
---@class cmml.FactorBase: cmml.Module
---@overload fun(...: any): any
local class_FactorBase = {}

---The scores of rows.
---@param items cmml.Ids
---@param weights cmml.Tensor [people, weights] from `solve`
---@param segments cmml.Segments which rows belong to whom
---@return cmml.Tensor # [rows]
function class_FactorBase:forward(items, weights, segments) end

---What item biases leave over of the ratings of supports, and the same without a person's bias.
---@param support table segments, items (Ids), labels [rows]
---@return cmml.Tensor # what is left over [rows]
---@return cmml.Tensor # the same less the person's mean, which is shrunk by the ridge of the bias
function class_FactorBase:left_over(support) end

---The weights of people that explain what is left over of their supports.
---@param items cmml.Ids
---@param left cmml.Tensor [rows]
---@param segments cmml.Segments one a person
---@return cmml.Tensor # [people, weights]; zeros where the support is empty
function class_FactorBase:solve(items, left, segments) end

---Begins with what the ratings of the training users say.
---@param catalogue cmml.Catalogue
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
---@param seed integer of the factorisation
function class_FactorBase:start(catalogue, ratings, users, seed) end

---What `field_embedding` gives.
---@class cmml.FieldEmbedding: cmml.Module
---@overload fun(...: any): any
local class_FieldEmbedding = {}

---The joined vectors of some fields.
---@param names table of the fields, in order
---@param bags table one {ids, segments} for each of them
---@param rows? cmml.Ids which rows of the bags, in order; default: all
---@return cmml.Tensor # [rows, width * #names]
function class_FieldEmbedding:forward(names, bags, rows) end

---What `modulations.film` gives.
---@class cmml.FilmModulation: cmml.Module
---@overload fun(...: any): any
local class_FilmModulation = {}

---Scores of rows.
---@param x cmml.Tensor|cmml.Joined [rows, inp]
---@param condition cmml.Tensor|cmml.Joined [rows, cond]
---@param parts? table is given the fields hyper (what generates gamma and beta, a tensor a layer) and backbone (the last modulated layer)
---@return cmml.Tensor # [rows]
function class_FilmModulation:forward(x, condition, parts) end

---What `hybrids.generator` gives.
---@class cmml.GeneratorHybrid: cmml.Module
---@overload fun(...: any): any
local class_GeneratorHybrid = {}

---What the MLP makes of both.
---@param x cmml.Joined [rows, width]
---@param context cmml.Tensor [tasks, width]
---@param tasks cmml.Ids the task of each row
---@return cmml.Tensor # [rows, width]
function class_GeneratorHybrid:forward(x, context, tasks) end

---What `nn.gru` gives.
---@class cmml.Gru: cmml.Module
---@overload fun(...: any): any
local class_Gru = {}

---The states after all steps.
---@param x cmml.Tensor [batch, time, inp]
---@param lengths? cmml.Segments valid steps of each row; default: all
---@param state? cmml.Tensor to start from [batch, hidden]; default: zeros
---@return cmml.Tensor # [batch, time, hidden], 0 behind the lengths
function class_Gru:forward(x, lengths, state) end

---The last valid state of each row; zeros where the length is 0.
---@param x cmml.Tensor [batch, time, inp]
---@param lengths? cmml.Segments valid steps of each row; default: all
---@param state? cmml.Tensor to start from [batch, hidden]; default: zeros
---@return cmml.Tensor # [batch, hidden]
function class_Gru:last(x, lengths, state) end

---What `encoders.gru` gives.
---@class cmml.GruEncoder: cmml.Module
---@overload fun(...: any): any
local class_GruEncoder = {}

---The contexts of tasks.
---@param samples cmml.Tensor|cmml.Joined [rows, inp]
---@param segments cmml.Segments one a task
---@return cmml.Tensor # [tasks, out]
function class_GruEncoder:forward(samples, segments) end

---What `arg_max` gives.
---@class cmml.Ids
---@operator len: integer
local class_Ids = {}

---The numbers as a list.
---@return integer[]
function class_Ids:totable() end

---What `hybrids.inner` gives.
---@class cmml.InnerHybrid: cmml.Module
---@overload fun(...: any): any
local class_InnerHybrid = {}

---The scalar products.
---@param x cmml.Tensor [rows, width]
---@param context cmml.Tensor of each row [rows, width]
---@return cmml.Tensor # [rows, 1]
function class_InnerHybrid:forward(x, context) end

---What `joined` gives.
---@class cmml.Joined
local class_Joined = {}

---activation(x weight^T + bias) of the rows x.
---@param weight cmml.Tensor [out, width]
---@param bias? cmml.Tensor [out]
---@param activation? string default "identity"
---@return cmml.Tensor # [rows, out]
function class_Joined:linear(weight, bias, activation) end

---The element-wise product with rows of a table.
---@param table cmml.Tensor [n, width]
---@param ids cmml.Ids which of them each row is multiplied with: its task
---@return cmml.Joined # parts that repeat in the same way, or whose table's rows belong to one task each, are multiplied once for each row of their table
function class_Joined:scaled_by(table, ids) end

---Its size.
---@return table # {rows, width}
function class_Joined:shape() end

---The rows written out.
---@return cmml.Tensor # [rows, width]
function class_Joined:tensor() end

---What `nn.layer_norm` gives.
---@class cmml.LayerNorm: cmml.Module
---@overload fun(...: any): any
local class_LayerNorm = {}

---Runs the layer.
---@param x cmml.Tensor [.., width]
---@return cmml.Tensor # of the same shape
function class_LayerNorm:forward(x) end

---What `nn.linear` gives.
---@class cmml.Linear: cmml.Module
---@overload fun(...: any): any
local class_Linear = {}

---Runs the layer; `layer(x)` is the same.
---@param x cmml.Tensor|cmml.Joined [.., inp]
---@return cmml.Tensor # [.., out]
function class_Linear:forward(x) end

---What `modulations.linear` gives.
---@class cmml.LinearModulation: cmml.Module
---@overload fun(...: any): any
local class_LinearModulation = {}

---Scores of rows.
---@param x cmml.Tensor|cmml.Joined [rows, inp]
---@param condition cmml.Tensor|cmml.Joined [rows, cond]
---@param parts? table is given the fields hyper (a list of one tensor: w, then b) and backbone (a)
---@return cmml.Tensor # [rows]
function class_LinearModulation:forward(x, condition, parts) end

---What `nn.list` gives.
---@class cmml.List: cmml.Module
---@overload fun(...: any): any
local class_List = {}

---The i-th module of a list, from 1.
---@param i integer
---@return cmml.Module
function class_List:at(i) end

---What `nn.lstm` gives.
---@class cmml.Lstm: cmml.Module
---@overload fun(...: any): any
local class_Lstm = {}

---The states after all steps.
---@param x cmml.Tensor [batch, time, inp]
---@param lengths? cmml.Segments valid steps of each row; default: all
---@param state? cmml.Tensor to start from [batch, 2 hidden]: h, then c; default: zeros
---@return cmml.Tensor # h [batch, time, hidden], 0 behind the lengths
---@return cmml.Tensor # c, the same shape
function class_Lstm:forward(x, lengths, state) end

---The last valid state of each row; zeros where the length is 0.
---@param x cmml.Tensor [batch, time, inp]
---@param lengths? cmml.Segments valid steps of each row; default: all
---@param state? cmml.Tensor to start from [batch, 2 hidden]: h, then c; default: zeros
---@return cmml.Tensor # h [batch, hidden]
---@return cmml.Tensor # c [batch, hidden]
function class_Lstm:last(x, lengths, state) end

---What `encoders.max` gives.
---@class cmml.MaxEncoder: cmml.Module
---@overload fun(...: any): any
local class_MaxEncoder = {}

---The contexts of tasks.
---@param samples cmml.Tensor|cmml.Joined [rows, inp]
---@param segments cmml.Segments one a task
---@return cmml.Tensor # [tasks, out]
function class_MaxEncoder:forward(samples, segments) end

---What `encoders.mean` gives.
---@class cmml.MeanEncoder: cmml.Module
---@overload fun(...: any): any
local class_MeanEncoder = {}

---The contexts of tasks.
---@param samples cmml.Tensor|cmml.Joined [rows, inp]
---@param segments cmml.Segments one a task
---@return cmml.Tensor # [tasks, out]
function class_MeanEncoder:forward(samples, segments) end

---What `nn.mlp` gives.
---@class cmml.Mlp: cmml.Module
---@overload fun(...: any): any
local class_Mlp = {}

---Runs all layers.
---@param x cmml.Tensor|cmml.Joined [.., inp]
---@return cmml.Tensor # [.., out]
function class_Mlp:forward(x) end

---All layers but the last.
---@param x cmml.Tensor|cmml.Joined [.., inp]
---@return cmml.Tensor|cmml.Joined # [.., width of the last hidden layer]; x itself if there is none
function class_Mlp:hidden(x) end

---The last layer.
---@param x cmml.Tensor|cmml.Joined what `hidden` gave
---@return cmml.Tensor # [.., out]
function class_Mlp:last(x) end

---What `hybrids.mlp` gives.
---@class cmml.MlpHybrid: cmml.Module
---@overload fun(...: any): any
local class_MlpHybrid = {}

---Both side by side.
---@param x cmml.Joined [rows, width]
---@param context cmml.Tensor [tasks, width]
---@param tasks cmml.Ids the task of each row
---@return cmml.Joined # [rows, 2 width]
function class_MlpHybrid:forward(x, context, tasks) end

---What every layer is. `module(..)` calls its forward.
---@class cmml.Module
---@field registered table names of the parameters and children, in order
---@field flat table which children's parameters are named as the module's own
---@overload fun(...: any): any
local class_Module = {}

---How many numbers the parameters hold.
---@return integer
function class_Module:count() end

---The tree with shapes and the number of parameters, as text.
---@return string
function class_Module:describe() end

---Sets parameters from a table by name; every parameter must be there, with its shape.
---@param values table tensors by name
function class_Module:load_parameters(values) end

---All parameters in a fixed order.
---@return table # list of {name, tensor}
function class_Module:named_parameters() end

---Iterates over names and tensors in a fixed order.
---@return function
function class_Module:parameters() end

---Announces a parameter (a tensor, which becomes tracked) or a child module as a field.
---@param name string field; names are joined by dots in `parameters`
---@param value any a tensor or a module
---@param flat? boolean name the child's parameters as if they were the parent's own
---@return any # value
function class_Module:register(name, value, flat) end

---A fresh object of a class that `nn.class` made.
---@return self
function class_Module.new() end

---What `adam` gives.
---@class cmml.ModuleOptimizer
local class_ModuleOptimizer = {}

---Adds the gradients of a loss to what the next step will use, and uses up its graph.
---@param loss cmml.Tensor
function class_ModuleOptimizer:backward(loss) end

---Drops the gradients.
function class_ModuleOptimizer:clear() end

---The 2-norm of the gradients of all parameters together; not finite if one of them is not.
---@return number
function class_ModuleOptimizer:norm() end

---Sets that state, or raises and leaves all as it was.
---@param values table tensors by name
---@param steps integer
function class_ModuleOptimizer:restore(values, steps) end

---Sets the learning rate. Groups with a rate of their own keep its ratio to the common one.
---@param lr number
function class_ModuleOptimizer:set_lr(lr) end

---What resuming needs besides the parameters: moments by name, and the number of steps.
---@return table # list of {name, tensor} (names "first.<parameter>", "second.<parameter>")
---@return integer # steps
function class_ModuleOptimizer:state() end

---One step; the gradients are zero afterwards. A gradient that is not a number makes its
---parameter so, too; with `clip_norm`, which cannot scale it, it is an error instead, and nothing
---is changed.
function class_ModuleOptimizer:step() end

---What `network` gives.
---@class cmml.Network: cmml.Module
---@overload fun(...: any): any
local class_Network = {}

---The contexts of tasks.
---@param x cmml.Tensor|cmml.Joined [rows, dim], a row for every support interaction
---@param labels cmml.Tensor [rows]
---@param segments cmml.Segments one a task; an empty one gives the context zero
---@return cmml.Tensor # [tasks, dim]
function class_Network:context(x, labels, segments) end

---The joined vectors of one side's fields.
---@param side string "item" or "user"
---@param bags table one {ids, segments} for each field of the side, in order
---@param rows? cmml.Ids which rows of the bags, in order; nil for all
---@return cmml.Tensor? # [rows, width * fields]; nil if the side has no fields
function class_Network:embed_fields(side, bags, rows) end

---@class cmml.Network.score.options
---@field parts? boolean default false

---Scores of query rows.
---@param x cmml.Tensor|cmml.Joined [rows, dim]
---@param context cmml.Tensor [tasks, dim]
---@param segments cmml.Segments which rows belong to which task
---@param options? cmml.Network.score.options parts = true returns what was computed on the way, too
---@return cmml.Tensor # [rows]
---@return table? # condition, and what the modulation tells (hyper or route, backbone)
function class_Network:score(x, context, segments, options) end

---What `encoders.none` gives.
---@class cmml.NoEncoder: cmml.Module
---@overload fun(...: any): any
local class_NoEncoder = {}

---Zeros.
---@param _ cmml.Tensor|cmml.Joined the samples, not read
---@param segments cmml.Segments one a task
---@return cmml.Tensor # [tasks, out]
function class_NoEncoder:forward(_, segments) end

---What `hybrids.none` gives.
---@class cmml.NoHybrid: cmml.Module
---@overload fun(...: any): any
local class_NoHybrid = {}

---The contexts of the rows.
---@param _ cmml.Joined the rows, not read
---@param context cmml.Tensor [tasks, width]
---@param tasks cmml.Ids the task of each row
---@return cmml.Joined # [rows, width]
function class_NoHybrid:forward(_, context, tasks) end

---What `modulations.none` gives.
---@class cmml.NoModulation: cmml.Module
---@overload fun(...: any): any
local class_NoModulation = {}

---Scores of rows.
---@param x cmml.Tensor|cmml.Joined [rows, inp]
---@param _ cmml.Tensor|cmml.Joined the condition, not read
---@param parts? table is given the fields hyper (an empty list) and backbone (the last layer)
---@return cmml.Tensor # [rows]
function class_NoModulation:forward(x, _, parts) end

---What `optimizer` gives.
---@class cmml.Optimizer
local class_Optimizer = {}

---One step of Adam with the gradient block, which is zero afterwards.
---@param options table lr, beta1, beta2, eps, weight_decay, clip (entries of the gradient are limited to [-clip, clip]), decoupled (AdamW), sparse (rows without gradient are skipped); or a list of such tables, each with `parameters`, the number of parameters in its group, in order
---@param scale? number factor applied to the gradient first (default 1)
---@return cmml.Optimizer # itself
function class_Optimizer:adam(options, scale) end

---Adds the gradients of a loss to the gradient block, and releases its graph.
---@param loss cmml.Tensor a scalar
---@return cmml.Optimizer # itself
function class_Optimizer:backward(loss) end

---Clears the gradient block.
---@return cmml.Optimizer # itself
function class_Optimizer:clear() end

---Frees the memory of gradients and moments now; the parameters stay valid.
function class_Optimizer:free() end

---The gradient of each parameter, as views into the block: writing to them changes it.
---@return table # list of tensors
function class_Optimizer:gradients() end

---The moments of each parameter, as views into their blocks.
---@return table? # first moments, if the optimiser keeps any
---@return table? # second moments, if it keeps two
function class_Optimizer:moments() end

---The 2-norm of all gradients together, summed in double precision.
---@return number
function class_Optimizer:norm() end

---One step of gradient descent with the gradient block, which is zero afterwards.
---@param options table lr, momentum, nesterov, weight_decay, clip; or a list of such tables with `parameters`, as for `adam`
---@param scale? number factor applied to the gradient first (default 1)
---@return cmml.Optimizer # itself
function class_Optimizer:sgd(options, scale) end

---Steps taken; sets them when given (resuming).
---@param steps? integer
---@return integer
function class_Optimizer:steps(steps) end

---What `plateau` gives.
---@class cmml.Plateau
local class_Plateau = {}

---Goes on from that state.
---@param state table
function class_Plateau:restore(state) end

---What resuming needs, as plain data.
---@return table
function class_Plateau:state() end

---Goes one step of the optimiser on.
---@return number # the learning rate for the next step
function class_Plateau:step() end

---Takes the next value of the metric. One that is not a number is a bad one.
---@param value number
---@return number # the learning rate from now on
function class_Plateau:update(value) end

---What `spawn` gives.
---@class cmml.Process
local class_Process = {}

---The id of the process.
---@return integer # 0 once it was seen to have ended
function class_Process:id() end

---Ends the process at once, if it is running, and waits until it is gone.
function class_Process:kill() end

---Whether the process has ended, without waiting for it.
---@return string? # nil: it is running; "exit": it exited; "signal": it was killed
---@return integer? # its exit code, or the number of the signal
function class_Process:poll() end

---What every kind of recommender is; see `recommender_class`. A kind that learns by gradients
---has `loss` and `module` besides, one that is counted has `fit`.
---@class cmml.Recommender
---@field kind string its name in `recommenders` and in model files
---@field title string for tables
---@field catalogue cmml.Catalogue the items it knows
---@field options table what it was made with
---@field module? cmml.Module of a kind that learns: its weights
---@field training? table of a kind that learns: the preset's defaults for `train`
---@field adapt_rows function of (support, users): the state of several tasks
---@field score_rows function of (state, items, segments): scores [rows]
---@field tensors function of (): list of {name, tensor} that a model file keeps
---@field integers table which of these are lists of integers instead: true by name
---@field loss? function of (batch): what training minimises
---@field prepare? function of (data): what comes before the first step of a training
---@field fit? function of (ratings, users): counts
---@field import_catalogue? function of a kind with catalogues of its own: see `import_catalogue`
---@field setting? string "scenario" where states and scores are of users and items; see `scenario_recommender_class`
local class_Recommender = {}

---@class cmml.Recommender.adapt.options
---@field unknown? string default "error"

---Adapts to a person: one forward pass over what the person rated.
---@param support table list of {item, rating} with raw ids; may be empty; of several ratings of an item the last one counts, as what a person thinks now; field user = a table of values by field name, if anything is known of the person
---@param options? cmml.Recommender.adapt.options unknown = "error" (default) or "skip" for items that the model does not know
---@return cmml.Adapted # with predict, recommend, and skipped (unknown items that were left out)
function class_Recommender:adapt(support, options) end

---A recommender as plain data: what a model file would keep of it.
---@return table # for `import_recommender`
function class_Recommender:export() end

---Saves the recommender; see `save`.
---@param path string
---@return true?
---@return string? # message
function class_Recommender:save(path) end

---Users, items and their vectors; see `scenario_catalogue`.
---@class cmml.ScenarioCatalogue
---@field users cmml.Vocab raw ids
---@field items cmml.Vocab raw ids
---@field titles? table by row of `items`
---@field vectors? cmml.Vectors a row for each
---@field counts cmml.Tensor [items], how many users are known to have taken each
---@field interactions? table what was counted: users (Segments), items (Ids); not saved
---@field schema table that there are no fields
local class_ScenarioCatalogue = {}

---What differs from another catalogue, of what a model may have learnt with: kernels give other
---last digits, so that the same vectors are those that differ by less than a thousandth.
---@param other cmml.ScenarioCatalogue
---@return string? # "the vectors of users", "the vectors of items" or "the counts of items"; nil where nothing does
function class_ScenarioCatalogue:difference(other) end

---What a model file keeps of the catalogue.
---@return table # list of {name, value} for write_archive
---@return table # plain data for its configuration
function class_ScenarioCatalogue:export() end

---The title of an item row, or its raw id where there is none.
---@param row integer
---@return string
function class_ScenarioCatalogue:title(row) end

---Interactions and scenarios; see `scenario_data`.
---@class cmml.ScenarioData
---@field name string
---@field users cmml.Vocab raw ids
---@field items cmml.Vocab raw ids
---@field interactions table by user: users (Segments, one a user), items (Ids, rising within a user, each once)
---@field scenarios table list of {name, items (Ids, rising: those that somebody took), domain}
---@field titles? table by row of `items`
---@field duplicates integer repeated interactions that were merged
---@field unknown_items integer items of the groups that are not among `items`
---@field left_out table list of {name, reason, domain}: groups that are no scenarios
---@field parts? table of a union: list of {name, n_users, n_items}
local class_ScenarioData = {}

---The number of a scenario by its name.
---@param name string
---@return integer? # nil if there is none
---@return string? # message, with the nearest name or why the group is no scenario
function class_ScenarioData:find(name) end

---Splits the data; see `split_scenarios`.
---@param options? table
---@return cmml.ScenarioSplit
function class_ScenarioData:split(options) end

---Vectors of a union, made for each of its sets alone and joined: `join_vectors` of what a
---function makes. Of data that are no union, what it makes of all.
---@param interactions table users (Segments, one a user of the data), items (Ids): those that may be learnt from, as `known` of a split has them
---@param make function of {ratings = interactions of the set in rows of its own, n_items = ..}, options that `als_vectors` takes, and the name of the set; gives Vectors
---@return cmml.Vectors
function class_ScenarioData:vectors(interactions, make) end

---What may be learnt from, and what is judged by; see `split_scenarios`. Who took what is
---{users = Segments, one a user; items = Ids, rising within a user}.
---@class cmml.ScenarioSplit
---@field data cmml.ScenarioData
---@field protocol string "no-leak" or "published"
---@field leaky boolean whether what is judged was there to be learnt from: say so in every table
---@field known table who took what, as far as it may be learnt from
---@field background table the part of it that vectors are to be made of
---@field fresh? table the other part, which training asks for; nil: there is none
---@field held_valid table who took what, held out for validation
---@field held_test table held out for the test
---@field train table numbers of scenarios in `data.scenarios`
---@field valid table likewise
---@field test table likewise
---@field left_out table list of {scenario, reason}: those that no task can be drawn from
---@field options table of `split_scenarios`
local class_ScenarioSplit = {}

---The catalogue of a split, with vectors. Its counts are those of what the vectors were made of,
---as far as they tell, else of the split's background.
---@param vectors? cmml.Vectors see `ScenarioSplit:vectors`; rows of loaded ones are found by raw id
---@return cmml.ScenarioCatalogue
function class_ScenarioSplit:catalogue(vectors) end

---The rivals of a split, ready to be evaluated.
---@param vectors? cmml.Vectors made of the split's background; without there is no CF score
---@return table # list of recommenders: support_popularity, popularity (of all that is known), cf_score
function class_ScenarioSplit:rivals(vectors) end

---Tasks of a split.
---@param options? table scenarios ("train", the default, "valid", "test" or a list of numbers); support (positives of a task, 64), support_negatives (64; in proportion where there are fewer positives); query (positives to learn from, 128; 0: none, and the support takes what there is), query_negatives (beside each of them, 1); batch (tasks at once, 16); seed; order of the support ("mixed": a fresh random one a draw; "positives-first"); negatives of the support ("untouched": uniform over the items of the scenario that the user is not known to have taken, one after another for each positive; "published": of a random positive's user, only other than that item); shuffle (visit in a fresh order each draw), rounds (how often a draw visits each scenario, with a fresh task each time)
---@return cmml.ScenarioTasks
function class_ScenarioSplit:tasks(options) end

---What `train` has to know of a split.
---@return table # a source
function class_ScenarioSplit:training_source() end

---Vectors by collaborative filtering for the users and items of a split; of a union for each of
---its sets alone. Training reads those of the background, which have not seen what it asks for.
---Where the split has a query_share, what the model then serves with are vectors that went on
---from those with all known interactions (`ScenarioCmml:over`): the axes are the same.
---@param options? table method ("als", the default, or "bpr"); any option of `als_vectors` or `bpr_vectors`; sets (such options over these, by name of a set or what it begins with: {lastfm = {alpha = 40}}); further (iterations that go on with all known interactions, 8)
---@return cmml.Vectors # of the background
---@return cmml.Vectors # of all that is known; the same ones where that is the background
function class_ScenarioSplit:vectors(options) end

---What `scenario_tasks` gives.
---@class cmml.ScenarioTasks
local class_ScenarioTasks = {}

---Iterates over the batches of one draw.
---@param draw integer
---@return function # giving what `draw` gives
function class_ScenarioTasks:batches(draw) end

---How many batches a draw has.
---@return integer
function class_ScenarioTasks:count() end

---The tasks of some scenarios. A task depends on (seed, draw, scenario) alone.
---@param draw integer
---@param list table of scenario numbers
---@return table # support = {segments, users, items, labels}, labels 1 or 0; query = {segments, users, positives, negatives (those of the first positive, ..)}; scenarios (the list); draw and seed (its key); fallbacks (negatives whose users had touched all items of their scenario)
function class_ScenarioTasks:draw(draw, list) end

---What another thread makes the tasks from.
---@return string # the function of the library that does
---@return table # its options: plain data, Ids and Segments
function class_ScenarioTasks:export() end

---Iterates over the scenarios of one draw, batch by batch.
---@param draw integer epoch, or number of the evaluation draw, from 1
---@return function # giving lists of scenario numbers, and the number that `draw` is to be given for them
function class_ScenarioTasks:people(draw) end

---The weights of a `scenario_cmml`: its network, and what its terms weigh.
---@class cmml.ScenarioWeights: cmml.Module
---@field network cmml.Network
---@field term_weight? cmml.Tensor [terms]
---@overload fun(...: any): any
local class_ScenarioWeights = {}

---What `segments` gives.
---@class cmml.Segments
---@operator len: integer
local class_Segments = {}

---Which segment each row belongs to.
---@return cmml.Ids
function class_Segments:groups() end

---The total number of rows of all segments.
---@return integer
function class_Segments:rows() end

---The length of the shortest segment.
---@return integer? # nil if there are no segments
function class_Segments:shortest() end

---The lengths as a list.
---@return integer[]
function class_Segments:totable() end

---What `shard_team` gives.
---@class cmml.ShardTeam
local class_ShardTeam = {}

---Adds the gradients of all shards to the optimiser of the caller, in the order of the shards,
---whichever thread computes them. If a shard fails, so does the whole, and the gradients are zero.
---@param shards table list of plain values, one a shard: what step is called with
---@return table # losses
function class_ShardTeam:backward(shards) end

---Ends a team and closes the states of its threads; a second time it does nothing.
function class_ShardTeam:close() end

---What `modulations.sigmoid` gives.
---@class cmml.SigmoidModulation: cmml.Module
---@overload fun(...: any): any
local class_SigmoidModulation = {}

---Scores of rows.
---@param x cmml.Tensor|cmml.Joined [rows, inp]
---@param condition cmml.Tensor|cmml.Joined [rows, cond]
---@param parts? table is given the fields hyper (g_l, a tensor a layer) and backbone (the last modulated layer)
---@return cmml.Tensor # [rows]
function class_SigmoidModulation:forward(x, condition, parts) end

---What `modulations.soft` gives.
---@class cmml.SoftModulation: cmml.Module
---@overload fun(...: any): any
local class_SoftModulation = {}

---Scores of rows.
---@param x cmml.Tensor|cmml.Joined [rows, inp]
---@param condition cmml.Tensor|cmml.Joined [rows, cond]
---@param parts? table is given the fields route (the weights of the routes: [rows, m, m] from module i to module j for every layer but the last, then [rows, m]) and backbone (what the last layer reads)
---@return cmml.Tensor # [rows]
function class_SoftModulation:forward(x, condition, parts) end

---What `tasks` gives.
---@class cmml.Tasks
local class_Tasks = {}

---Iterates over the batches of one draw.
---@param draw integer
---@return function # giving what `draw` gives
function class_Tasks:batches(draw) end

---How many batches a draw has.
---@return integer
function class_Tasks:count() end

---The tasks of some people. A task depends on (seed, draw, user) alone.
---@param draw integer
---@param people table list of user rows
---@return table # {users = {bags, rows}, support, query}, the last two with segments, items and labels
function class_Tasks:draw(draw, people) end

---What another thread makes the tasks from.
---@return string # the function of the library that does
---@return table # its options: plain data, Ids, Segments and Tensors
function class_Tasks:export() end

---Iterates over the people of one draw, batch by batch.
---@param draw integer epoch, or number of the evaluation draw, from 1
---@return function # giving lists of user rows
function class_Tasks:people(draw) end

---The same tasks with supports of another size: of the two supports of a user's draw one is the
---beginning of the other, and the query is the same. None is cut, whatever short_supports was.
---@param size integer
---@return cmml.Tasks
function class_Tasks:with_support(size) end

---What `team` gives.
---@class cmml.Team
local class_Team = {}

---Adds the gradients of a batch to what the optimiser's next step will use. After an error, or
---if the loss is not finite, there are none.
---@param draw integer see `Tasks:draw`
---@param people table list of user rows
---@return number # the loss
function class_Team:backward(draw, people) end

---Ends the team: the states of its threads are closed.
function class_Team:close() end

---A multidimensional array: float32, or float64 in `cmml.double`; up to six dims. Every op is a
---method, `+ - * / ^` and unary minus are ops, `#t` is the size of the first dim.
---@class cmml.Tensor
---@field shape integer[] sizes of the dims, a fresh table; {} for a scalar
---@field ndim integer number of dims
---@field count integer number of elements
---@field dtype string "float32" or "float64"
---@field tracked boolean whether gradients can flow to it
---@operator len: integer
---@operator add(cmml.Tensor|number): cmml.Tensor
---@operator div(cmml.Tensor|number): cmml.Tensor
---@operator mul(cmml.Tensor|number): cmml.Tensor
---@operator unm: cmml.Tensor
---@operator pow(number): cmml.Tensor
---@operator sub(cmml.Tensor|number): cmml.Tensor
local class_Tensor = {}

---|x|; its derivative at 0 is 0.
---@return cmml.Tensor
function class_Tensor:abs() end

---a + b element by element, with broadcasting.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:add(b) end

---attention_weights(q, k, bias, causal, lengths) times v [batch, heads, keys, ..]: the weighted means of v for each query (Vaswani et al. 2017).
---@param k cmml.Tensor
---@param v cmml.Tensor
---@param bias? cmml.Tensor
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:attention(k, v, bias, causal, lengths) end

---masked_softmax(q k^T / sqrt(width) + bias): q [batch, heads, queries, width], k [batch, heads, keys, width], bias broadcasting to the result [batch, heads, queries, keys].
---@param k cmml.Tensor
---@param bias? cmml.Tensor
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:attention_weights(k, bias, causal, lengths) end

---mean binary cross entropy of sigmoid(logit) against labels from 0 to 1, without overflow; the shapes must be equal.
---@param label cmml.Tensor
---@return cmml.Tensor
function class_Tensor:bce_with_logits(label) end

----mean(log(eps + sigmoid(positive - negative))); the shapes must be equal; with eps = 0 exact however far apart they are (Rendle et al. 2009).
---@param negative cmml.Tensor
---@param eps? number  (default 1e-10)
---@return cmml.Tensor
function class_Tensor:bpr(negative, eps) end

---x, but low where it is below low and high where it is above high; either may be left out. No gradient outside the bounds, all of it at a bound.
---@param low? number  (default -inf)
---@param high? number  (default inf)
---@return cmml.Tensor
function class_Tensor:clamp(low, high) end

---mean over rows of -log_softmax(logits)[row, ids[row]]: logits [rows, classes], one id per row.
---@param ids cmml.Ids
---@return cmml.Tensor
function class_Tensor:cross_entropy(ids) end

---a / b element by element, with broadcasting; x / 0 is infinite.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:div(b) end

---x with each entry set to 0 with probability `rate`, the others divided by 1 - rate; which ones is a function of the key (seed, epoch, task) and the place in x alone (Srivastava et al. 2014).
---@param rate number
---@param seed integer
---@param epoch? integer  (default 0)
---@param task? integer  (default 0)
---@return cmml.Tensor
function class_Tensor:dropout(rate, seed, epoch, task) end

---rows of a table [rows, width] by id; id 0 (unknown) gives zeros.
---@param ids cmml.Ids
---@return cmml.Tensor
function class_Tensor:embedding(ids) end

---mean (or sum) of the table's rows in each bag: bag k is the k-th segment of ids, or one id without segments; rows names the requested bags. Id 0 (unknown) is ignored, an empty bag gives zeros.
---@param ids cmml.Ids
---@param segments? cmml.Segments
---@param rows? cmml.Ids
---@param mean? boolean  (default true)
---@return cmml.Tensor
function class_Tensor:embedding_bag(ids, segments, rows, mean) end

---the transpose of embedding_bag: g [bags, width] added up in a table of `size` rows.
---@param ids cmml.Ids
---@param segments? cmml.Segments
---@param rows? cmml.Ids
---@param mean? boolean  (default true)
---@param size integer
---@return cmml.Tensor
function class_Tensor:embedding_bag_transpose(ids, segments, rows, mean, size) end

---1 where a = b, else 0, with broadcasting; has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:eq(b) end

---error function.
---@return cmml.Tensor
function class_Tensor:erf() end

---e to the power of x.
---@return cmml.Tensor
function class_Tensor:exp() end

---x repeated to a shape that it broadcasts to, without a copy.
---@param shape integer[] sizes
---@return cmml.Tensor
function class_Tensor:expand(shape) end

---activation(gamma * x + beta): x [.., w], generated [.., 2 w] holds gamma, then beta; gamma is used as it is, not 1 + gamma (FiLM; CMML eq. 11).
---@param generated cmml.Tensor
---@param activation? string name of an activation, such as "relu" (default identity)
---@return cmml.Tensor
function class_Tensor:film(generated, activation) end

---elements along the last dim: x [.., n] and `each` ids for every row, one row after another, give y [.., each] with y[r, j] = x[r, ids[r, j]].
---@param ids cmml.Ids
---@param each? integer  (default 1)
---@return cmml.Tensor
function class_Tensor:gather(ids, each) end

---the rows of x that the ids name, in order; a row may occur several times.
---@param ids cmml.Ids
---@return cmml.Tensor
function class_Tensor:gather_rows(ids) end

---1 where a >= b, else 0, with broadcasting; has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:ge(b) end

---x/2 (1 + erf(x / sqrt 2)), the exact form (Hendrycks and Gimpel 2016).
---@return cmml.Tensor
function class_Tensor:gelu() end

---a GRU over x [batch, time, inputs], weights as for gru_cell: the states after all steps [batch, time, hidden], starting from state [batch, hidden] or zeros; behind lengths[k] steps of row k they are 0 (last_step gives the last valid ones).
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:gru(weight_ih, weight_hh, bias_ih, bias_hh, state, lengths) end

---one step of a GRU: x [batch, inputs], h [batch, hidden], weight_ih [3 hidden, inputs], weight_hh [3 hidden, hidden], biases [3 hidden] (gate rows r, z, n) give the next h: (1 - z) n + z h, n = tanh(W x + b + r (U h + c)).
---@param h cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@return cmml.Tensor
function class_Tensor:gru_cell(h, weight_ih, weight_hh, bias_ih, bias_hh) end

---the recurrent part of gru: projected [batch, time, 3 hidden] holds weight_ih x + bias_ih; weight_hh [3 hidden, hidden], bias_hh [3 hidden]; gives [batch, time, hidden].
---@param weight_hh cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:gru_scan(weight_hh, bias_hh, state, lengths) end

---1 where a > b, else 0, with broadcasting; has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:gt(b) end

---mean of max(0, margin - positive + negative); the shapes must be equal.
---@param negative cmml.Tensor
---@param margin? number  (default 1)
---@return cmml.Tensor
function class_Tensor:hinge(negative, margin) end

---mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), of e = a - b; the shapes must be equal (Huber 1964).
---@param b cmml.Tensor
---@param delta? number  (default 1)
---@return cmml.Tensor
function class_Tensor:huber(b, delta) end

---the last valid step of each row: x [batch, time, ..] gives [batch, ..]; zeros where the length is 0; without lengths all steps are valid.
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:last_step(lengths) end

---(x - mean) / sqrt(variance + eps) * weight + bias over the last dim: x [.., width], weight and bias [width]; the variance divides by the width (Ba et al. 2016).
---@param weight cmml.Tensor
---@param bias cmml.Tensor
---@param eps? number  (default 1e-5)
---@return cmml.Tensor
function class_Tensor:layer_norm(weight, bias, eps) end

---1 where a <= b, else 0, with broadcasting; has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:le(b) end

---x where x > 0, else slope * x; its derivative at 0 is the slope.
---@param slope? number  (default 0.01)
---@return cmml.Tensor
function class_Tensor:leaky_relu(slope) end

---activation(x weight^T + bias): x [.., in], weight [out, in], bias [out] or none.
---@param weight cmml.Tensor
---@param bias? cmml.Tensor
---@param activation? string name of an activation, such as "relu" (default identity)
---@return cmml.Tensor
function class_Tensor:linear(weight, bias, activation) end

---natural logarithm.
---@return cmml.Tensor
function class_Tensor:log() end

---log(1 / (1 + exp(-x))), without overflow.
---@return cmml.Tensor
function class_Tensor:log_sigmoid() end

---x - log(sum(exp x)) along a dim (default: the last), without overflow.
---@param dim? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function class_Tensor:log_softmax(dim) end

---an LSTM over x [batch, time, inputs], weights and states as for lstm_cell: the states after all steps [batch, time, 2 hidden], starting from state [batch, 2 hidden] or zeros; behind lengths[k] steps of row k they are 0.
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:lstm(weight_ih, weight_hh, bias_ih, bias_hh, state, lengths) end

---one step of an LSTM: x [batch, inputs], state [batch, 2 hidden] holding h, then c, weight_ih [4 hidden, inputs], weight_hh [4 hidden, hidden], biases [4 hidden] (gate rows i, f, g, o) give the next state: c = f c + i g, h = o tanh(c).
---@param state cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@return cmml.Tensor
function class_Tensor:lstm_cell(state, weight_ih, weight_hh, bias_ih, bias_hh) end

---the recurrent part of lstm: projected [batch, time, 4 hidden] holds weight_ih x + bias_ih; weight_hh [4 hidden, hidden], bias_hh [4 hidden]; gives [batch, time, 2 hidden].
---@param weight_hh cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:lstm_scan(weight_hh, bias_hh, state, lengths) end

---1 where a < b, else 0, with broadcasting; has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:lt(b) end

---mean of |a - b|; the shapes must be equal.
---@param b cmml.Tensor
---@return cmml.Tensor
function class_Tensor:mae(b) end

---x [batch, time, ..] with zeros after the first lengths[k] steps of each row k.
---@param lengths cmml.Segments
---@return cmml.Tensor
function class_Tensor:mask_steps(lengths) end

---softmax over the last dim of x [batch, .., queries, keys], of the allowed keys alone: those up to the query's own number if causal, and the first lengths[k] of row k; the others have weight exactly 0, and so do all if none is allowed.
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function class_Tensor:masked_softmax(causal, lengths) end

---matrix product over the last two dims, [.., m, k] * [.., k, n]; leading dims broadcast.
---@param b cmml.Tensor
---@return cmml.Tensor
function class_Tensor:matmul(b) end

---largest element over one dim, or of all; keep leaves the dim with size 1; in a tie the gradient goes to the first alone; x must not be empty there.
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function class_Tensor:max(dim, keep) end

---the larger of a and b element by element, with broadcasting; in a tie the gradient goes to a alone.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:maximum(b) end

---mean over one dim, or over all; keep leaves the dim with size 1; NaN over no elements.
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function class_Tensor:mean(dim, keep) end

---the smaller of a and b element by element, with broadcasting; in a tie the gradient goes to a alone.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:minimum(b) end

---mean of (a - b)^2; the shapes must be equal.
---@param b cmml.Tensor
---@return cmml.Tensor
function class_Tensor:mse(b) end

---a * b element by element, with broadcasting (matmul is the matrix product).
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:mul(b) end

---1 where a differs from b, else 0, with broadcasting (NaN from all); has no gradient.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:ne(b) end

----x.
---@return cmml.Tensor
function class_Tensor:neg() end

---Euclidean norm, the root of the sum of squares, over one dim, or over all; keep leaves the dim with size 1; its derivative at 0 is 0.
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function class_Tensor:norm(dim, keep) end

---ragged rows as a padded batch: x [rows, ..] gives [segments, longest, ..], with zeros after each segment's rows.
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:pad_segments(segments) end

---the dims in another order: dims[k] is the old dim that becomes dim k.
---@param dims integer[] from 1
---@return cmml.Tensor
function class_Tensor:permute(dims) end

---x to the power of a number.
---@param exponent number
---@return cmml.Tensor
function class_Tensor:pow(exponent) end

---1 / x.
---@return cmml.Tensor
function class_Tensor:reciprocal() end

---x where x > 0, else 0; its derivative at 0 is 0.
---@return cmml.Tensor
function class_Tensor:relu() end

---the same elements in row-major order under another shape; one size may be -1.
---@param shape integer[] sizes
---@return cmml.Tensor
function class_Tensor:reshape(shape) end

---the solution u of (X^T X + diag(ridge)) u = b for each segment, whose rows of x are X: x [rows, width], b [segments, width] and ridge [width], above 0, give [segments, width]; solved in double, NaN without a unique solution.
---@param b cmml.Tensor
---@param ridge cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:ridge_solve(b, ridge, segments) end

---dot product of corresponding rows: the sum of a * b over the last dim.
---@param b cmml.Tensor
---@return cmml.Tensor
function class_Tensor:row_dot(b) end

---base with row k of x added to row ids[k], for every k; several may name one row.
---@param x cmml.Tensor
---@param ids cmml.Ids
---@return cmml.Tensor
function class_Tensor:scatter_add_rows(x, ids) end

---row k repeated as often as segment k is long: x [segments, ..] gives [rows, ..].
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_expand(segments) end

---each row times the matrix of its segment: x [rows, in], weights [segments, in, out] give [rows, out].
---@param weights cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_matmul(weights, segments) end

---largest of the rows of each segment, column by column: x [rows, ..] gives [segments, ..]; in a tie the gradient goes to the first alone; an empty segment gives zeros.
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_max(segments) end

---mean of the rows of each segment; an empty segment gives zeros.
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_mean(segments) end

---sum over the rows of each segment of their outer products: x [rows, a], y [rows, b] give [segments, a, b]; an empty segment gives zeros.
---@param y cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_outer(y, segments) end

---exp(x) / sum(exp x) within each segment, column by column: x [rows, ..] gives the same shape; without overflow.
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_softmax(segments) end

---sum of the rows of each segment: x [rows, ..] gives [segments, ..].
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:segment_sum(segments) end

---1 / (1 + exp(-x)).
---@return cmml.Tensor
function class_Tensor:sigmoid() end

---1, 0 or -1 by the sign of x; has no gradient.
---@return cmml.Tensor
function class_Tensor:sign() end

---rows first to last (both included) along a dim, without a copy.
---@param dim integer from 1, or from the end if negative
---@param first integer from 1
---@param last integer
---@return cmml.Tensor
function class_Tensor:slice(dim, first, last) end

---exp(x) / sum(exp x) along a dim (default: the last), without overflow.
---@param dim? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function class_Tensor:softmax(dim) end

---log(1 + exp(x)), without overflow.
---@return cmml.Tensor
function class_Tensor:softplus() end

---square root; NaN below 0.
---@return cmml.Tensor
function class_Tensor:sqrt() end

---x * x.
---@return cmml.Tensor
function class_Tensor:square() end

---1 where x > 0, else `below`; has no gradient.
---@param below? number  (default 0)
---@return cmml.Tensor
function class_Tensor:step(below) end

---a - b element by element, with broadcasting.
---@param b cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:sub(b) end

---sum over one dim, or over all; keep leaves the dim with size 1.
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function class_Tensor:sum(dim, keep) end

---sum over the dims that the shape lacks or has as 1: the transpose of expand.
---@param shape integer[] sizes
---@return cmml.Tensor
function class_Tensor:sum_to(shape) end

---hyperbolic tangent.
---@return cmml.Tensor
function class_Tensor:tanh() end

---mean over tasks of the mean of (score - label)^2 within the task: score and label [rows], one segment per task (CMML eq. 5).
---@param label cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function class_Tensor:task_mse(label, segments) end

---two dims swapped (default: the last two).
---@param a? integer from 1, or from the end if negative (default -2)
---@param b? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function class_Tensor:transpose(a, b) end

---zeros of the given size along a dim, holding x from row first on.
---@param dim integer from 1, or from the end if negative
---@param first integer from 1
---@param size integer
---@return cmml.Tensor
function class_Tensor:unslice(dim, first, size) end

---mean of the squared distance from the mean (biased: divided by the count) over one dim, or over all; keep leaves the dim with size 1; NaN over no elements.
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function class_Tensor:variance(dim, keep) end

---x where mask > 0, else other, element by element, with broadcasting; the mask's gradient is 0.
---@param x cmml.Tensor|number
---@param other cmml.Tensor|number
---@return cmml.Tensor
function class_Tensor:where(x, other) end

---An untracked, contiguous copy.
---@return cmml.Tensor # of the same shape
function class_Tensor:clone() end

---Copies the elements of another tensor, with broadcasting. Untracked tensors and leaves inside
---no_grad only.
---@param from cmml.Tensor of a shape that broadcasts to this one
---@return cmml.Tensor # itself
function class_Tensor:copy_(from) end

---The same elements as a constant: gradients stop here.
---@return cmml.Tensor # of the same shape, sharing the memory
function class_Tensor:detach() end

---Frees the memory now instead of at the next collection; the tensor cannot be used again. Within
---a finaliser (__gc of another object) it does nothing.
function class_Tensor:free() end

---Whether all elements are finite.
---@return boolean
function class_Tensor:isfinite() end

---The value of a tensor with one element.
---@return number # raises unless there is exactly one
function class_Tensor:item() end

---The elements in row-major order as raw bytes, in the byte order of this machine and the type of
---the core.
---@return string
function class_Tensor:tobytes() end

---The elements as nested lists (a number for a tensor without dims).
---@return table|number
function class_Tensor:totable() end

---Makes a tensor a leaf: results computed from it can be differentiated with respect to it.
---@return cmml.Tensor # itself
function class_Tensor:track() end

---Vectors of users and items, as `als_vectors` and `bpr_vectors` give them.
---@class cmml.Vectors
---@field kind string "als" or "bpr"
---@field users cmml.Tensor [n_users, factors]
---@field items cmml.Tensor [n_items, factors]
---@field user_scale number what the solution's user vectors were divided by
---@field item_scale number likewise
---@field options table how they were made: plain data
---@field interactions? table what they were made of: users (Segments), items (Ids); not saved
---@field user_ids? cmml.Vocab raw ids of the rows, where they were loaded from a file
---@field item_ids? cmml.Vocab likewise
local class_Vectors = {}

---The vectors in the order of other vocabularies, where they know their raw ids: those that were
---loaded from a file. Raises where an id has no vector; what nobody asks for is left out.
---@param users cmml.Vocab
---@param items cmml.Vocab
---@return cmml.Vectors # the same object where nothing is in another order, or the ids are not known; otherwise one without `interactions`, which speak of the old rows
function class_Vectors:in_order_of(users, items) end

---Saves the vectors with the raw ids of their rows: whole, or the file that stood there stays.
---@param path string
---@param ids table users and items: a Vocab each, with an id for each row
---@return true?
---@return string? # message
function class_Vectors:save(path, ids) end

---The same vectors with rows of one size: each is divided by the root mean square of its numbers
---+ 0.01. The product of a user's and an item's is then a cosine, times their width.
---@return cmml.Vectors
function class_Vectors:unit_rows() end

---What `vocab` gives.
---@class cmml.Vocab
---@operator len: integer
local class_Vocab = {}

---The id of a key, which is added if it is new.
---@param key string|number valid UTF-8
---@return integer # from 1
function class_Vocab:add(key) end

---The whole vocabulary as data for a file.
---@return string # bytes of all texts, one after the other
---@return table # offsets, one more than texts: text i is bytes offsets[i] + 1 to offsets[i + 1]
function class_Vocab:export() end

---The id of a key.
---@param key string|number
---@return integer? # from 1; nil if it is unknown
function class_Vocab:id(key) end

---The ids of several keys; 0 for unknown keys.
---@param keys table list of strings or numbers
---@return cmml.Ids
function class_Vocab:ids(keys) end

---The text of an id.
---@param id integer from 1 to #vocab
---@return string
function class_Vocab:text(id) end

---What `warmup` gives.
---@class cmml.Warmup
local class_Warmup = {}

---Goes on from that state.
---@param state table
function class_Warmup:restore(state) end

---What resuming needs, as plain data.
---@return table
function class_Warmup:state() end

---Goes one step on.
---@return number # the learning rate for the next step
function class_Warmup:step() end

---Takes the next value of the metric, for the schedule that is followed.
---@param value number
---@return number # the learning rate from now on
function class_Warmup:update(value) end

---What `cf_score` gives.
---@class cmml.cf_score: cmml.Recommender
local class_cf_score = {}

---Adapts to labelled pairs of one scenario: one forward pass over them.
---@param support table list of {user, item, 1 or 0} with raw ids; may be empty; a pair that is there twice counts once
---@return cmml.AdaptedScenario # with predict and recommend
function class_cf_score:adapt(support) end

---Nothing: the vectors know all.
---@return table
function class_cf_score.adapt_rows() end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table plain data of the configuration
---@return cmml.ScenarioCatalogue
function class_cf_score.import_catalogue(values, schema) end

---The recommender of a model file.
---@param catalogue cmml.ScenarioCatalogue
---@return cmml.Recommender
function class_cf_score.restore(catalogue) end

---Scores of rows.
---@param _ table
---@param items cmml.Ids
---@param _ cmml.Segments
---@param users cmml.Ids of the rows
---@return cmml.Tensor # [rows]
function class_cf_score:score_rows(_, items, _, users) end

---What a model file keeps beside the catalogue: nothing.
---@return table
function class_cf_score.tensors() end

---What `cmml` gives.
---@class cmml.cmml: cmml.Recommender
local class_cmml = {}

---The contexts of tasks, from one forward pass over their supports.
---@param support table segments, items (Ids), labels [rows] of all tasks, one behind the other
---@param users table bags (of the user fields) and rows (Ids, one a task)
---@return table # the state for `score_rows`
function class_cmml:adapt_rows(support, users) end

---What training minimises: the mean over tasks of the squared error of their query (CMML eq. 5),
---or of sqrt(error^2 + 0.01).
---@param batch table as Tasks:batches gives it
---@return cmml.Tensor # a single number
function class_cmml:loss(batch) end

---What comes before the first step of a training: a base starts from the ratings of the training
---users. A model that was trained or loaded stays as it is.
---@param data table ratings (grouped by user) and train (list of user rows)
function class_cmml:prepare(data) end

---@class cmml.cmml.restore.options
---@field activation? string
---@field backbone? table
---@field base? any
---@field bias_start? table
---@field context_shrink? number
---@field encoder? string
---@field encoder_detach? boolean
---@field encoder_options? table
---@field encoder_widths? table
---@field hybrid? string
---@field hybrid_options? table
---@field hyper? table
---@field label_hidden? integer
---@field loss? string
---@field modulation? string
---@field modulation_options? table
---@field preset? string default "published-code"
---@field read_users? boolean
---@field width? integer

---The recommender of a model file. Its sizes are not trusted: a parameter is made only if the
---file holds one of its shape, so that memory is in proportion to the file.
---@param catalogue cmml.Catalogue
---@param options cmml.cmml.restore.options any option of `cmml` but seed
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_cmml.restore(catalogue, options, tensors) end

---Scores of rows under those contexts.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_cmml:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_cmml:tensors() end

---What `global_mean` gives.
---@class cmml.global_mean: cmml.Recommender
local class_global_mean = {}

---The users' parts, from what their supports leave over.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_global_mean:adapt_rows(support) end

---Counts the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_global_mean:fit(ratings, users) end

---The predictor of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_global_mean.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_global_mean:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_global_mean:tensors() end

---What `item_knn` gives.
---@class cmml.item_knn: cmml.Recommender
local class_item_knn = {}

---What the supports of several tasks leave over.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_item_knn:adapt_rows(support) end

---Finds the neighbours of all items in the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_item_knn:fit(ratings, users) end

---The neighbours of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor or list of integers}
---@return cmml.Recommender
function class_item_knn.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_item_knn:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor or list of integers}
function class_item_knn:tensors() end

---What `item_mean` gives.
---@class cmml.item_mean: cmml.Recommender
local class_item_mean = {}

---The users' parts, from what their supports leave over.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_item_mean:adapt_rows(support) end

---Counts the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_item_mean:fit(ratings, users) end

---The predictor of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_item_mean.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_item_mean:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_item_mean:tensors() end

---What `item_user_mean` gives.
---@class cmml.item_user_mean: cmml.Recommender
local class_item_user_mean = {}

---The users' parts, from what their supports leave over.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_item_user_mean:adapt_rows(support) end

---Counts the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_item_user_mean:fit(ratings, users) end

---The predictor of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_item_user_mean.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_item_user_mean:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_item_user_mean:tensors() end

---What `matrix_factorization` gives.
---@class cmml.matrix_factorization: cmml.Recommender
local class_matrix_factorization = {}

---Bias and factors of several people from their supports: the fold-in.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_matrix_factorization:adapt_rows(support) end

---Learns from the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_matrix_factorization:fit(ratings, users) end

---The factorisation of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_matrix_factorization.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_matrix_factorization:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_matrix_factorization:tensors() end

---What `popularity` gives.
---@class cmml.popularity: cmml.Recommender
local class_popularity = {}

---Adapts to labelled pairs of one scenario: one forward pass over them.
---@param support table list of {user, item, 1 or 0} with raw ids; may be empty; a pair that is there twice counts once
---@return cmml.AdaptedScenario # with predict and recommend
function class_popularity:adapt(support) end

---Nothing: an item's popularity is the same everywhere.
---@return table
function class_popularity.adapt_rows() end

---Counts.
---@param taken table who took what: users (Segments), items (Ids)
function class_popularity:fit(taken) end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table plain data of the configuration
---@return cmml.ScenarioCatalogue
function class_popularity.import_catalogue(values, schema) end

---The recommender of a model file.
---@param catalogue cmml.ScenarioCatalogue
---@return cmml.Recommender
function class_popularity.restore(catalogue) end

---Scores of rows.
---@param _ table
---@param items cmml.Ids
---@return cmml.Tensor # [rows]
function class_popularity:score_rows(_, items) end

---What a model file keeps beside the catalogue: nothing.
---@return table
function class_popularity.tensors() end

---What `scenario_cmml` gives.
---@class cmml.scenario_cmml: cmml.Recommender
local class_scenario_cmml = {}

---Adapts to labelled pairs of one scenario: one forward pass over them.
---@param support table list of {user, item, 1 or 0} with raw ids; may be empty; a pair that is there twice counts once
---@return cmml.AdaptedScenario # with predict and recommend
function class_scenario_cmml:adapt(support) end

---The contexts of tasks, from one forward pass over their supports.
---@param support table segments, users, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`; field context [tasks, dim]
function class_scenario_cmml:adapt_rows(support) end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table plain data of the configuration
---@return cmml.ScenarioCatalogue
function class_scenario_cmml.import_catalogue(values, schema) end

---What training minimises: the mean over tasks of the mean over pairs of the loss that the
---options name, under dropout where they say so.
---@param batch table as ScenarioTasks:batches gives it
---@return cmml.Tensor # a single number
function class_scenario_cmml:loss(batch) end

---The same weights over another catalogue: with vectors of the same width, such as those that
---were made of more interactions (see `ScenarioSplit:vectors`).
---@param catalogue cmml.ScenarioCatalogue|cmml.Vectors
---@return cmml.Recommender
function class_scenario_cmml:over(catalogue) end

---@class cmml.scenario_cmml.restore.options
---@field activation? string
---@field backbone? table
---@field bias_start? table
---@field context_shrink? number
---@field dropout? number
---@field encoder? string
---@field encoder_detach? boolean
---@field encoder_negatives? boolean
---@field encoder_options? table
---@field encoder_widths? table
---@field hybrid? string
---@field hybrid_options? table
---@field hyper? table
---@field inputs? table
---@field loss? string
---@field modulation? string
---@field modulation_options? table
---@field preset? string default "paper/scenario"
---@field term_start? table
---@field terms? table
---@field unit_rows? boolean

---The recommender of a model file; see `stored_init`.
---@param catalogue cmml.ScenarioCatalogue
---@param options cmml.scenario_cmml.restore.options any option of `scenario_cmml` but seed
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_scenario_cmml.restore(catalogue, options, tensors) end

---Scores of rows under those contexts.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@param users cmml.Ids the user of each row
---@param options? table parts = true returns what was computed on the way, too
---@return cmml.Tensor # [rows]
---@return table? # see `Network:score`
function class_scenario_cmml:score_rows(state, items, segments, users, options) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_scenario_cmml:tensors() end

---What `support_popularity` gives.
---@class cmml.support_popularity: cmml.Recommender
local class_support_popularity = {}

---Adapts to labelled pairs of one scenario: one forward pass over them.
---@param support table list of {user, item, 1 or 0} with raw ids; may be empty; a pair that is there twice counts once
---@return cmml.AdaptedScenario # with predict and recommend
function class_support_popularity:adapt(support) end

---The supports of several tasks.
---@param support table segments, items (Ids), labels [rows]
---@return table # the state for `score_rows`
function class_support_popularity:adapt_rows(support) end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table plain data of the configuration
---@return cmml.ScenarioCatalogue
function class_support_popularity.import_catalogue(values, schema) end

---The recommender of a model file.
---@param catalogue cmml.ScenarioCatalogue
---@return cmml.Recommender
function class_support_popularity.restore(catalogue) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_support_popularity:score_rows(state, items, segments) end

---What a model file keeps beside the catalogue: nothing.
---@return table
function class_support_popularity.tensors() end

---What `user_mean` gives.
---@class cmml.user_mean: cmml.Recommender
local class_user_mean = {}

---The users' parts, from what their supports leave over.
---@param support table segments, items (Ids), labels [rows] of all tasks
---@return table # the state for `score_rows`
function class_user_mean:adapt_rows(support) end

---Counts the ratings of the training users.
---@param ratings table grouped by user
---@param users table list of rows that may be learnt from
function class_user_mean:fit(ratings, users) end

---The predictor of a model file.
---@param catalogue cmml.Catalogue
---@param options table as they were
---@param tensors table list of {name, tensor}
---@return cmml.Recommender
function class_user_mean.restore(catalogue, options, tensors) end

---Scores of rows.
---@param state table what `adapt_rows` gave
---@param items cmml.Ids a row of the catalogue for each score
---@param segments cmml.Segments which rows belong to which task
---@return cmml.Tensor # [rows]
function class_user_mean:score_rows(state, items, segments) end

---What a model file keeps.
---@return table # list of {name, tensor}
function class_user_mean:tensors() end

---@class cmml
local cmml = {}

---@class cmml.encoders_table
cmml.encoders = {}

---@class cmml.hybrids_table
cmml.hybrids = {}

---@class cmml.metrics_table
cmml.metrics = {}

---@class cmml.modulations_table
cmml.modulations = {}

---@class cmml.nn_table
cmml.nn = {}

---@class cmml.pair_losses_table
cmml.pair_losses = {}

---@class cmml.svg_table
cmml.svg = {}

---The class `Dataset`.
---@type cmml.Dataset
cmml.Dataset = nil

---The class `Recommender`.
---@type cmml.Recommender
cmml.Recommender = nil

---The class `ScenarioData`.
---@type cmml.ScenarioData
cmml.ScenarioData = nil

---The class `ScenarioSplit`.
---@type cmml.ScenarioSplit
cmml.ScenarioSplit = nil

---The class `Vectors`.
---@type cmml.Vectors
cmml.Vectors = nil

---"cmml " and the version.
---@type string
cmml._VERSION = nil

---|x|; its derivative at 0 is 0.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.abs(x) end

---Adam over the parameters of a module (Kingma and Ba 2015).
---@param module cmml.Module
---@param options? table lr (default 1e-3), beta1 (0.9), beta2 (0.999), eps (1e-8), weight_decay (0; classic L2, added to the gradient; decoupled = true makes it AdamW), clip (entries of the gradient are limited to [-clip, clip] before the decay; default none), clip_norm (before that, the gradient of all parameters together is scaled down to this 2-norm; default none), sparse (false), groups.  With sparse = true, rows (of the first dimension) whose gradient is zero throughout are left out of a step: their values and moments stay as they are. This is another algorithm than Adam, in which the moments of such rows decay and go on moving them. It suits tables of which a step uses few rows.  `groups` is a list of tables: `parameters`, a name or a list of names of parameters, of modules (for all beneath), or with * for any text, and any options but clip_norm and groups, which hold for these parameters instead of the common ones.
---@return cmml.ModuleOptimizer # with backward(loss), step(), norm(), clear(), set_lr(lr), state() and restore(values, steps)
function cmml.adam(module, options) end

---a + b element by element, with broadcasting.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.add(a, b) end

---How far two groupings of the same things agree (Hubert and Arabie, 1985): 1 where they are the
---same, whatever the groups are called; about 0 for groupings made at random.
---@param a table|cmml.Ids the group of each thing: any values
---@param b table|cmml.Ids the same, as many
---@return number # at most 1
function cmml.adjusted_rand_index(a, b) end

---The objective of implicit alternating least squares: the squared errors of all cells, weighted
---by their confidence 1 + alpha * weight, plus the L2 regularisation of the vectors.
---@param matrix table as sparse gives it
---@param x cmml.Tensor [rows, factors]
---@param y cmml.Tensor [columns, factors]
---@param options table alpha, regularization as of als_sweep
---@return number
function cmml.als_loss(matrix, x, y, options) end

---Half an iteration of implicit alternating least squares: updates the vectors of the rows for
---fixed vectors of the columns.
---@param matrix table as sparse gives it
---@param y cmml.Tensor [columns, factors]
---@param start cmml.Tensor [rows, factors], initial vectors of the rows
---@param options table alpha (default 1), regularization (0.01), steps of conjugate gradients (3)
---@return cmml.Tensor # [rows, factors], zeros for a row without entries
function cmml.als_sweep(matrix, y, start, options) end

---@class cmml.als_vectors.options
---@field ratings table
---@field n_items integer
---@field n_users? integer
---@field factors? integer default 64
---@field iterations? integer default 15
---@field regularization? number default 1
---@field alpha? number default 1
---@field steps? integer default 3
---@field seed? integer default 1
---@field unit_rms? boolean default true
---@field start? cmml.Vectors
---@field on_iteration? function

---Vectors by implicit alternating least squares (Hu, Koren and Volinsky, 2008): a product of
---vectors near 1 for what a user took, near 0 elsewhere, where an interaction of weight w counts
---1 + alpha w times as much as none. Weights of the same user and item are added up. The same
---seed gives the same bits on the same kernels. Users and items without interactions get zeros.
---@param options cmml.als_vectors.options ratings: users (Segments as of a Dataset, or Ids: the user of each row), items (Ids), ratings (Tensor of weights that are not negative, 0 being none; nil: each 1); n_items; n_users (needed where users are Ids); factors (numbers of a vector, default 64); iterations (default 15); regularization (of the squares of the vectors, default 1); alpha (default 1); steps (of conjugate gradients for a vector in each iteration, default 3); seed (default 1); unit_rms (default true: users and items are divided by one number each, so that the mean square of their numbers is 1, which leaves every ranking as it is; false: as solved); start (Vectors to go on from, of the same rows and width: what is known of them by now may be more; the axes stay nearly what they were, so that a network which learnt on the old vectors reads the new ones; default: random); on_iteration (called with a table after each: iteration, iterations, loss)
---@return cmml.Vectors
function cmml.als_vectors(options) end

---The position of the largest element. In a tie the first is taken, and NaN ranks above all
---numbers, as in `max`. Refused if there are no elements.
---@param x cmml.Tensor
---@param dim? integer 1-based, or negative; without it all elements are one row
---@return cmml.Ids # positions from 1 along dim, one for each index of the other dims in row-major order; those along the last dim are what `gather` takes. Without dim: one position among all elements
function cmml.arg_max(x, dim) end

---What a value is meant as: a catalogue, or vectors of which one is made.
---@param name string of the function, for messages
---@param value cmml.ScenarioCatalogue|cmml.Vectors
---@return cmml.ScenarioCatalogue
function cmml.as_scenario_catalogue(name, value) end

---attention_weights(q, k, bias, causal, lengths) times v [batch, heads, keys, ..]: the weighted means of v for each query (Vaswani et al. 2017).
---@param q cmml.Tensor
---@param k cmml.Tensor
---@param v cmml.Tensor
---@param bias? cmml.Tensor
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.attention(q, k, v, bias, causal, lengths) end

---masked_softmax(q k^T / sqrt(width) + bias): q [batch, heads, queries, width], k [batch, heads, keys, width], bias broadcasting to the result [batch, heads, queries, keys].
---@param q cmml.Tensor
---@param k cmml.Tensor
---@param bias? cmml.Tensor
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.attention_weights(q, k, bias, causal, lengths) end

---mean binary cross entropy of sigmoid(logit) against labels from 0 to 1, without overflow; the shapes must be equal.
---@param logit cmml.Tensor
---@param label cmml.Tensor
---@return cmml.Tensor
function cmml.bce_with_logits(logit, label) end

---Means over tasks and runs with 95 % confidence intervals, and their differences to a reference,
---by a paired bootstrap: each resample draws as many tasks and seeds as there are, with replacement
---and independently of each other, the same for all series.
---@param series table list of lists: for each model its values for all tasks in the first run, then in the second, and so on; NaN for a missing value
---@param tasks integer number of values per run
---@param options? table weights (list, one per task; default: equal), reference (index of the series that others are compared with, default 1), resamples (default 10000), seed (default 1), level (default 0.95)
---@return table # one per series: mean, low, high, and for the difference to the reference difference, difference_low, difference_high; NaN where a series has no values
function cmml.bootstrap(series, tasks, options) end

----mean(log(eps + sigmoid(positive - negative))); the shapes must be equal; with eps = 0 exact however far apart they are (Rendle et al. 2009).
---@param positive cmml.Tensor
---@param negative cmml.Tensor
---@param eps? number  (default 1e-10)
---@return cmml.Tensor
function cmml.bpr(positive, negative, eps) end

---One epoch of Bayesian personalised ranking, with as many steps as the matrix has entries: each
---draws an entry and a column without an entry in its row, uniformly.
---@param matrix table as sparse gives it; its weights are ignored
---@param x cmml.Tensor [rows, factors]
---@param y cmml.Tensor [columns, factors]
---@param options table rate (learning rate, default 0.05), regularization (0.01), seed, epoch (of the draws)
---@return cmml.Tensor # updated x
---@return cmml.Tensor # updated y
---@return number # fraction of pairs that were ranked correctly when drawn; NaN if none was drawn
function cmml.bpr_epoch(matrix, x, y, options) end

---@class cmml.bpr_vectors.options
---@field ratings table
---@field n_items integer
---@field n_users? integer
---@field factors? integer default 64
---@field iterations? integer default 30
---@field regularization? number default 0.01
---@field rate? number default 0.05
---@field seed? integer default 1
---@field unit_rms? boolean default true
---@field start? cmml.Vectors
---@field on_iteration? function

---Vectors by Bayesian personalised ranking (Rendle and others, 2009): the product with what a
---user took is to be above the product with what the user did not. An iteration takes as many
---steps of gradient ascent as there are interactions; weights do not matter, but that 0 is no
---interaction. The same seed gives the same bits on the same kernels. Users and items without
---interactions get zeros, and are never drawn.
---@param options cmml.bpr_vectors.options ratings, n_items, n_users, factors, unit_rms and start as of `als_vectors`; iterations (default 30); rate (of learning, default 0.05); regularization (default 0.01); seed (default 1); on_iteration (called with a table after each: iteration, iterations, right: the share of the pairs that were in order when they were drawn)
---@return cmml.Vectors
function cmml.bpr_vectors(options) end

---At most `cap` ratings per user, sampled at random.
---@param ratings table as group_ratings gives them
---@param cap integer maximum number of ratings per user
---@param seed integer the same seed keeps the same ratings
---@return table # users, items, ratings
function cmml.cap_ratings(ratings, cap, seed) end

---@class cmml.catalogue.options
---@field schema table
---@field items any
---@field item_records table
---@field titles? table
---@field seen_items table
---@field user_records table

---Makes a catalogue.
---@param options cmml.catalogue.options schema, items (Vocab of raw ids), item_records (one table of values a row), titles (list of texts, optional), seen_items and user_records (lists of the records that may be learnt from: values that occur nowhere else count as unseen)
---@return cmml.Catalogue
function cmml.catalogue(options) end

---A recommender that has nothing to learn. `support_popularity`: the score of an item is how
---often it stands among the positives of the support ("ItemPop"). `popularity`: how many users
---took it, as the catalogue counts them, until `fit` counts anew; the same in every scenario.
---`cf_score`: the product of the vectors of user and item, the same in every scenario.
---@param catalogue cmml.ScenarioCatalogue|cmml.Vectors with vectors for `cf_score`
---@return cmml.Recommender
function cmml.cf_score(catalogue) end

---Raises unless the entries of a model file are these, for `restore` of a kind of recommenders.
---@param entries table list of {name, tensor or list of integers}
---@param expected table list of {name, shape}, in order; without shape a list of integers
function cmml.check_entries(entries, expected) end

---Raises unless the evaluations of a protocol that are not leaky judge by nothing that may be
---learnt from (`ratings` of the users in train and valid), nor by what their supports show.
---@param data table from `user_protocol`
function cmml.check_no_leak(data) end

---A random sample without replacement of the numbers 1 to n, in random order.
---@param n integer
---@param take integer sample size; n gives a permutation
---@param key table seed, epoch, stream: the same key gives the same choice
---@return cmml.Ids
function cmml.choose(n, take, key) end

---x, but low where it is below low and high where it is above high; either may be left out. No gradient outside the bounds, all of it at a bound.
---@param x cmml.Tensor
---@param low? number  (default -inf)
---@param high? number  (default inf)
---@return cmml.Tensor
function cmml.clamp(x, low, high) end

---Seconds of a monotonic clock; only differences are meaningful.
---@return number
function cmml.clock() end

---@class cmml.cmml.options
---@field activation? string
---@field backbone? table
---@field base? any
---@field bias_start? table
---@field context_shrink? number
---@field encoder? string
---@field encoder_detach? boolean
---@field encoder_options? table
---@field encoder_widths? table
---@field hybrid? string
---@field hybrid_options? table
---@field hyper? table
---@field label_hidden? integer
---@field loss? string
---@field modulation? string
---@field modulation_options? table
---@field preset? string default "published-code"
---@field read_users? boolean
---@field seed? integer default 1
---@field width? integer

---A CMML recommender with fresh weights.
---@param catalogue cmml.Catalogue
---@param options? cmml.cmml.options preset (default "published-code") and, over it, any option of `network` (width, encoder, hybrid, modulation, backbone, context_shrink, ..), and seed of the initial weights (default 1). Where a component is another than the preset's, the preset's options of that component do not count. Further: base (options of `factor_base_options`: what the scores are added to; false: nothing), read_users (false: the fields of users are not read), loss ("squared", or "absolute", whose square root is rounded off below 0.1; default: as the preset says, else nothing, true and "squared")
---@return cmml.Recommender # its field `training` holds the preset's defaults for `train`
function cmml.cmml(catalogue, options) end

---Prepares a data set for training and testing on cold users.
---@param dataset cmml.Dataset
---@param options? table test_users (path of a list, list of raw ids, or share; default 0.2), valid (share of the other users, default 0.05), protocol: "capped" (each training user keeps `cap` ratings, chosen once) or "full" (each draw takes fresh ones from the whole history; default), cap (default 50), data_seed (of these choices, default 1), catalogue (of a trained model; default: one is made)
---@return table? # dataset, catalogue, bags (user fields of all rows), ratings (to train on), all (every rating, to test on), train, valid, test (lists of user rows); protocol, conditions, evaluations ("cold users"; see the head of protocol.lua)
---@return string? # message
function cmml.cold_users(dataset, options) end

---The first pair that both have in the same scenario.
---@param a table pairs as scenario_pairs gives them
---@param b table likewise
---@return integer? # scenario; nil if there is none
---@return integer? # user
---@return integer? # item
function cmml.common_pairs(a, b) end

---The first interaction that both have in common.
---@param a table users (Segments), items (Ids, ascending within a user)
---@param b table likewise
---@return integer? # user; nil if there is none
---@return integer? # item
function cmml.common_taken(a, b) end

---Makes a component.
---@param kind string "encoder", "hybrid" or "modulation"
---@param name string
---@param sizes table what its kind is given, and init
---@param options? table of the component's own; none of those in sizes
---@return cmml.Module
function cmml.component(kind, name, sizes, options) end

---tensors concatenated along a dim (default: the last); all other sizes must agree.
---@param tensors cmml.Tensor[] list of tensors
---@param dim? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function cmml.concat(tensors, dim) end

---The core alone: everything that is made in C.
---@type cmml
cmml.core = nil

---@class cmml.cosine.options
---@field lr number
---@field steps integer
---@field min_lr? number default 0
---@field restarts? boolean default false
---@field growth? integer default 1

---Lowers a learning rate along half a wave of the cosine (Loshchilov and Hutter 2017): after t
---of so many steps it is min_lr + (lr - min_lr) (1 + cos(pi t / steps)) / 2, and after them
---min_lr, or with restarts as at the start.
---@param options cmml.cosine.options lr (to start from), steps, min_lr (default 0), restarts (false: begin again after the last step), growth (1: after each restart the wave is so many times as long)
---@return cmml.Cosine # a schedule
function cmml.cosine(options) end

---mean over rows of -log_softmax(logits)[row, ids[row]]: logits [rows, classes], one id per row.
---@param logits cmml.Tensor
---@param ids cmml.Ids
---@return cmml.Tensor
function cmml.cross_entropy(logits, ids) end

---@class cmml.dataset.options
---@field name? string default "data"
---@field schema table
---@field ratings table
---@field items? table default {}
---@field users? table default {}

---A data set.
---@param options cmml.dataset.options name; schema (see `schema`); ratings: a list of {user, item, rating}; or {users, items, ratings} of columns that `read_table` gave, two of kind "text" and one of kind "number"; or {users, items (Vocab), user_ids, item_ids (Ids), ratings (Tensor)}; items and users: lists of records {id = .., title = .., <field> = value or list of values}. Of several ratings of one item by one user the first is kept.
---@return cmml.Dataset # with users, items (Vocab), user_records, item_records, titles, ratings (grouped by user), duplicates (rows left out)
function cmml.dataset(options) end

---The distinct values of a list in order of first appearance, so that what depends on the value
---alone can be computed once per value.
---@param values cmml.Ids|cmml.Tensor Ids, or a contiguous tensor [n] (0 and -0 count as two values)
---@return cmml.Ids|cmml.Tensor # the distinct values, of the same kind, a constant
---@return cmml.Ids # for each entry, the index of its value among them
function cmml.distinct(values) end

---The distinct ids of each segment, so that what depends on an id and its segment can be computed
---once.
---@param ids cmml.Ids
---@param segments cmml.Segments over them
---@return cmml.Ids # the distinct ids of the first segment, then those of the second, ..
---@return cmml.Ids # for each entry of ids, its index among them
---@return cmml.Ids # the segment of each of them
function cmml.distinct_in(ids, segments) end

---a / b element by element, with broadcasting; x / 0 is infinite.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.div(a, b) end

---Divides the pairs of some scenarios by user: users are kept in random order until they have
---`limit` pairs, but at most half of the users.
---@param pairs table as scenario_pairs gives them
---@param scenarios cmml.Ids to divide; all pairs of the others are kept
---@param limit integer number of pairs to keep
---@param seed integer
---@return table # pairs that are kept
---@return table # pairs of the other users
function cmml.divide_pairs(pairs, scenarios, limit, seed) end

---Divides interactions at random, for each user.
---@param taken table users (Segments), items (Ids, ascending within a user)
---@param shares table list of fractions with a sum below 1: a user of n items gives n times each, rounded at random; at least one item remains
---@param options table seed, choice (distinguishes divisions of one seed, default 0), least (users with fewer items are not divided, default 3)
---@return table # list of such tables: the remainder, then the parts
function cmml.divide_taken(taken, shares, options) end

---Draws one task for each scenario: a support of labelled pairs, and a query of positives and
---negatives of the same users.
---@param candidates table scenarios (Segments), items (Ids, ascending within a scenario)
---@param touched table known pairs: never negatives of their users
---@param support table pairs that support positives are drawn from
---@param query? table pairs that query positives are drawn from; nil: from `support`, disjoint
---@param scenarios cmml.Ids
---@param options table seed, draw, support (number of positives), support_negatives (number for a full support), query (number of positives; 0: none), query_negatives (number per query positive, default 1), published (support negatives as published: any item other than that of their pair), positives_first (do not shuffle the support)
---@return table # support: segments, users, items, labels (1 or 0)
---@return table # query: segments, users, positives, negatives (those of the first positive, ..)
---@return integer # number of negatives whose users had touched all items
function cmml.draw_scenarios(candidates, touched, support, query, scenarios, options) end

---Draws one task for each user: a random query, and a random support from the rest.
---@param ratings table as group_ratings gives them
---@param users cmml.Ids
---@param options table seed, draw (epoch or number of the draw), support and query (maximum number of rows per task), short_supports (fraction of tasks whose support is cut to its first k rows, k uniform from 0 to its length; default 0), shuffle_labels (permute the labels within each support set)
---@return table # support: segments, items, labels
---@return table # query: the same
function cmml.draw_tasks(ratings, users, options) end

---x with each entry set to 0 with probability `rate`, the others divided by 1 - rate; which ones is a function of the key (seed, epoch, task) and the place in x alone (Srivastava et al. 2014).
---@param x cmml.Tensor
---@param rate number
---@param seed integer
---@param epoch? integer  (default 0)
---@param task? integer  (default 0)
---@return cmml.Tensor
function cmml.dropout(x, rate, seed, epoch, task) end

---rows of a table [rows, width] by id; id 0 (unknown) gives zeros.
---@param table cmml.Tensor
---@param ids cmml.Ids
---@return cmml.Tensor
function cmml.embedding(table, ids) end

---mean (or sum) of the table's rows in each bag: bag k is the k-th segment of ids, or one id without segments; rows names the requested bags. Id 0 (unknown) is ignored, an empty bag gives zeros.
---@param table cmml.Tensor
---@param ids cmml.Ids
---@param segments? cmml.Segments
---@param rows? cmml.Ids
---@param mean? boolean  (default true)
---@return cmml.Tensor
function cmml.embedding_bag(table, ids, segments, rows, mean) end

---the transpose of embedding_bag: g [bags, width] added up in a table of `size` rows.
---@param g cmml.Tensor
---@param ids cmml.Ids
---@param segments? cmml.Segments
---@param rows? cmml.Ids
---@param mean? boolean  (default true)
---@param size integer
---@return cmml.Tensor
function cmml.embedding_bag_transpose(g, ids, segments, rows, mean, size) end

---embedding_bag for several fields at once, side by side: with F tables, segment (r - 1) F + f of ids is the bag of field f of row r, which table f is read for; rows names the rows wanted.
---@param tables cmml.Tensor[] list of tensors
---@param ids cmml.Ids
---@param segments cmml.Segments
---@param rows? cmml.Ids
---@param mean? boolean  (default true)
---@return cmml.Tensor
function cmml.embedding_fields(tables, ids, segments, rows, mean) end

---@class cmml.encoders.attention.options
---@field init? table
---@field inp integer
---@field out integer
---@field widths table

---Attention pooling: an MLP on every sample, then a mean whose weights are the softmax over the
---task of a score of each sample's last hidden layer. Not in the paper.
---@param options cmml.encoders.attention.options inp, out, widths (of the hidden layers, one at least), init
---@return cmml.AttentionEncoder # of (samples [rows, inp], segments) giving [tasks, out]
function cmml.encoders.attention(options) end

---@class cmml.encoders.gru.options
---@field init? table
---@field inp integer
---@field out integer
---@field widths table

---Sequential encoder: a GRU over the samples of a task in the order of the rows, from a state of
---zeros; an MLP on its last state (CMML eq. 7). Draws of tasks give supports in random order.
---@param options cmml.encoders.gru.options inp, out, widths (of the GRU, then of the MLP's hidden layers), init
---@return cmml.GruEncoder # of (samples [rows, inp], segments) giving [tasks, out]
function cmml.encoders.gru(options) end

---@class cmml.encoders.max.options
---@field init? table
---@field inp integer
---@field out integer
---@field widths table

---Pooling encoder: an MLP on every sample, then the largest value of each column (CMML eq. 6).
---@param options cmml.encoders.max.options inp, out, widths (of the hidden layers), init
---@return cmml.MaxEncoder # of (samples [rows, inp], segments) giving [tasks, out]
function cmml.encoders.max(options) end

---@class cmml.encoders.mean.options
---@field init? table
---@field inp integer
---@field out integer
---@field widths table

---Pooling encoder: an MLP on every sample, then the mean (CMML eq. 6).
---@param options cmml.encoders.mean.options inp, out, widths (of the hidden layers), init
---@return cmml.MeanEncoder # of (samples [rows, inp], segments) giving [tasks, out]
function cmml.encoders.mean(options) end

---@class cmml.encoders.none.options
---@field init? table
---@field inp integer
---@field out integer
---@field widths table

---No encoder: the context is zero, whatever the support. No parameters.
---@param options cmml.encoders.none.options inp, out, widths, init
---@return cmml.NoEncoder # of (samples, segments) giving [tasks, out]
function cmml.encoders.none(options) end

---1 where a = b, else 0, with broadcasting; has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.eq(a, b) end

---error function.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.erf(x) end

---@class cmml.evaluate.options
---@field draws? integer default 5
---@field cutoffs? table default { 1, 3 }
---@field relevant? number

---Evaluates recommenders on the same tasks. Each user's value of a metric is the mean over the
---draws, so that the interval speaks of users.
---@param models table list of recommenders
---@param tasks cmml.Tasks
---@param options? cmml.evaluate.options draws (default 5), cutoffs (of metrics of the first k, default {1, 3}), relevant (a rating: query items that a user rated so or higher are to be found, and the metrics of `metrics.ranking` say how well each query is ranked; default: none of them)
---@return table # for each model a table by metric: mean, interval, tasks, skipped (see `metrics.summary`), and values, one a user. A user whose metric does not exist in one of the draws is skipped.
function cmml.evaluate(models, tasks, options) end

---Evaluates recommenders on supports of several sizes. The query of a user's draw is the same
---for every size, and a smaller support is the beginning of a larger one, so only what was shown
---makes a difference. A user with fewer ratings than a size beside the query shows them all.
---@param models table list of recommenders
---@param tasks cmml.Tasks whose own support does not count
---@param sizes table list of supports, such as {0, 1, 2, 5, 10, 20, 40}
---@param options? table draws, cutoffs, relevant: see `evaluate`
---@return table # for each size what `evaluate` gives
function cmml.evaluate_by_support(models, tasks, sizes, options) end

---@class cmml.evaluate_protocol.options
---@field sizes? table default { 40 }
---@field query? integer
---@field seed? integer default 1000
---@field batch? integer default 64
---@field shuffle_labels? boolean
---@field draws? integer
---@field cutoffs? table
---@field relevant? number

---Evaluates recommenders on every evaluation of a protocol, each with supports of several sizes:
---see `evaluate_by_support`. Raises if one judges by what was learnt and is not named leaky.
---@param models table list of recommenders, over the data's catalogue
---@param data table from `user_protocol`
---@param options? cmml.evaluate_protocol.options sizes (of supports, default {40}), query (ratings judged, default 10), seed of the draws (default 1000), batch (tasks at once, default 64), shuffle_labels; draws, cutoffs, relevant: see `evaluate`
---@return table # list of {name, leaky, users (how many), by_size (what `evaluate_by_support` gives)}, in the order of the protocol; evaluations without users are left out
function cmml.evaluate_protocol(models, data, options) end

---@class cmml.evaluate_ranking.options
---@field batch? integer default 16
---@field chunk? integer default 20000
---@field cutoffs? table default { 10, 20, 50 }
---@field draws? integer default 1
---@field max_users? integer
---@field negatives? string
---@field on_scenario? function
---@field order? string
---@field part? string default "test"
---@field scenarios? table
---@field seed? integer default 1
---@field support? integer
---@field support_negatives? integer

---Evaluates recommenders of the scenario setting by full ranking. Of each scenario and each user
---of whom items of it are held out, all items of the scenario are ranked but those that are known
---of the user; what is held out is to be found. Raises where something that is judged was there
---to be learnt from (not for a split that is leaky as a whole), and where nothing is held out.
---@param models table list of recommenders
---@param split cmml.ScenarioSplit
---@param options? cmml.evaluate_ranking.options part ("test", the default, or "valid"); cutoffs (default {10, 20, 50}); seed and draws of the supports (default 1 and 1: values are means over draws); max_users (of a scenario, a fixed random sample; default all); support, support_negatives, order, negatives (see `ScenarioSplit:tasks`; default: what the model's preset says, else that of `tasks`); batch (scenarios adapted to at once, 16), chunk (rows scored at once, 20000); scenarios (list of numbers; default: those of the part); on_scenario(done, count)
---@return table # for each model a table by metric (recall@k, ndcg@k, auc): mean, interval, tasks and skipped (pairs of scenario and user), values (one a pair, NaN where all or none of the list is held out), by_scenario (means). Field pairs of the list: {scenario, user} of the values, always in the same order; field scenarios: numbers in the order of by_scenario; field leaky; field unchecked: whether a model has vectors or counts from a file, which does not tell what they were made of, so that a leak in them would not be seen
function cmml.evaluate_ranking(models, split, options) end

---Whether a path exists.
---@param path string
---@return boolean
function cmml.exists(path) end

---e to the power of x.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.exp(x) end

---x repeated to a shape that it broadcasts to, without a copy.
---@param x cmml.Tensor
---@param shape integer[] sizes
---@return cmml.Tensor
function cmml.expand(x, shape) end

---Runs an experiment: a table of models over data sets and seeds. Each cell of it is computed
---once; with `out` its result is kept there, and the same call goes on where it was interrupted.
---@param name string "users", "scenarios", "modulations", "encoders", "contexts" or "routes"
---@param options? table data (folder, or list of them); seeds (how many, default 5); budget ("default", or "published": steps as in the paper's code), epochs, patience, batch, lr, draws, valid and data_seed over it; quick (a run of seconds, on a small made world without data); metrics (names of those to show); resamples of the bootstrap (10000); out (folder of cells, results.md, results.csv and pictures; default: nothing is written); jobs (1: cells are computed in this process; more: so many processes at a time) and processes (true: even one job is a process); modules and load (modules and Lua files that each process takes in first, so that components of a script's own are known there; a script that calls this function is one itself, up to this call; where one of these files has changed, cells are computed anew); quiet (true); and those of the experiment alone, see `cmml experiment --help`
---@return table # text (Markdown), rows (of the first table: row, seeds, seconds, and by metric mean, low, high, difference, difference_low, difference_high), tables (list of {title, rows}), failures (list of {cell, message}; without cell: of a file that could not be written), files
function cmml.experiment(name, options) end

---The experiments that there are, in order: names that `experiment` knows.
---@type table
cmml.experiments = nil

---@class cmml.factor_base.options
---@field items integer
---@field options table
---@field init? table

---A base that knows nothing yet: biases and vectors are 0 until `start` or `load_parameters`.
---@param options cmml.factor_base.options items (how many), options (see `factor_base_options`), init
---@return cmml.FactorBase # of (items, weights, segments) giving scores; parameters bias [items], vectors [items, factors] (none without factors) and log_ridge (one for each weight of a person, the bias last)
function cmml.factor_base(options) end

---@class cmml.factor_base_options.options
---@field bias_ridge? number default 3
---@field factors? integer default 8
---@field item_bias? string
---@field ridge? number default 14
---@field solve? boolean default true
---@field sweeps? integer default 20

---Checks options of a base.
---@param options cmml.factor_base_options.options factors (of an item, default 8; 0: biases alone), ridge (of a person's weights of them, default 14), bias_ridge (of a person's bias, and of an item's where the factorisation begins, default 3), item_bias ("solved", the default, or "mean") and sweeps (20) of that, see `matrix_factorization`, solve (false: a person has a bias alone, and the network sees the factors; default true)
---@return table # a copy with the defaults; without item_bias if it was not given
function cmml.factor_base_options(options) end

---@class cmml.field_embedding.options
---@field fields table
---@field width integer
---@field mode? string default "mean"
---@field init? table

---The embeddings of several fields.
---@param options cmml.field_embedding.options fields (list of {name, size, multi}), width (of every field's vector), mode (of several values: "mean", the default, or "sum"), init. Initial values: N(0, 1) for single fields, U(-1/sqrt(size), 1/sqrt(size)) for multi-valued ones (as published).
---@return cmml.FieldEmbedding # of (names (of the fields wanted, in order), bags (as above, one a name), rows (Ids: the bags wanted of each, in order; nil: all)) giving [rows, width * #names]; children by field name, each an `nn.embedding`
function cmml.field_embedding(options) end

---activation(gamma * x + beta): x [.., w], generated [.., 2 w] holds gamma, then beta; gamma is used as it is, not 1 + gamma (FiLM; CMML eq. 11).
---@param x cmml.Tensor
---@param generated cmml.Tensor
---@param activation? string name of an activation, such as "relu" (default identity)
---@return cmml.Tensor
function cmml.film(x, generated, activation) end

---The rivals, learnt from the ratings that a model of this protocol may learn from.
---@param data table from `cold_users` or another protocol
---@return table # list of recommenders
function cmml.fit_rivals(data) end

---The simple predictors, counted on the ratings that a model of this protocol may learn from.
---@param data table from `cold_users` or another protocol
---@return table # list of recommenders
function cmml.fit_simple(data) end

---Makes this process end when its parent does, for whatever reason (on Linux; elsewhere it only
---checks that the parent is running).
---@param parent integer id of the process that must be the parent
---@return true?
---@return string # message on failure: the parent has ended already
function cmml.follow_process(parent) end

---One metric of the results of `evaluate_by_support` as a Markdown table, a column a size.
---@param titles table one a model
---@param sizes table as they were evaluated
---@param by_size table
---@param name? string of the metric (default "mae")
---@param leaky? boolean see `format_results` (default false)
---@return string
function cmml.format_by_support(titles, sizes, by_size, name, leaky) end

---The results of `evaluate` as a Markdown table.
---@param titles table one a model
---@param results table
---@param names? table metrics, in the order of the columns; default: mae, rmse, ndcg_exp@1, ndcg_exp@3
---@param leaky? boolean what was judged had been learnt from: the table says so (default false)
---@return string # a line after the table says where `evaluate_ranking` could not check for leaks
function cmml.format_results(titles, results, names, leaky) end

---A tensor from raw bytes in the byte order of this machine and the type of the core, as
---Tensor:tobytes gives them.
---@param shape table {2, 3}; {} for a scalar
---@param bytes string in row-major order; raises unless their number fits the shape
---@return cmml.Tensor # of that shape; untracked
function cmml.from_bytes(shape, bytes) end

---A tensor of one value.
---@param shape table {2, 3}; {} for a scalar
---@param value number of every element
---@return cmml.Tensor # of that shape; untracked
function cmml.full(shape, value) end

---Runs a module with other weights than its own.
---@param module cmml.Module
---@param params table tensors by name, as `named_parameters` names them; the others stay
---@return cmml.Module # a module over those weights, sharing all else
function cmml.functional(module, params) end

---elements along the last dim: x [.., n] and `each` ids for every row, one row after another, give y [.., each] with y[r, j] = x[r, ids[r, j]].
---@param x cmml.Tensor
---@param ids cmml.Ids
---@param each? integer  (default 1)
---@return cmml.Tensor
function cmml.gather(x, ids, each) end

---the rows of x that the ids name, in order; a row may occur several times.
---@param x cmml.Tensor
---@param ids cmml.Ids
---@return cmml.Tensor
function cmml.gather_rows(x, ids) end

---1 where a >= b, else 0, with broadcasting; has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.ge(a, b) end

---x/2 (1 + erf(x / sqrt 2)), the exact form (Hendrycks and Gimpel 2016).
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.gelu(x) end

---@class cmml.global_mean.options
---@field item_shrink? number default 0
---@field user_shrink? number default 0

---A predictor that has seen nothing yet; `fit` counts.
---@param catalogue cmml.Catalogue
---@param options? cmml.global_mean.options item_shrink and user_shrink: how many imaginary ratings pull an item's part towards the mean of all, and a user's part towards 0
---@return cmml.Recommender
function cmml.global_mean(catalogue, options) end

---@class cmml.grad.options
---@field create_graph? boolean default false
---@field retain? boolean default false
---@field grad_out? any

---Gradients of a loss, in the structure of the parameters.
---
---Functional: nothing is stored on the tensors. The graph is used up unless it is kept.
---@param loss cmml.Tensor a single number (or give grad_out)
---@param params cmml.Tensor|table a tracked tensor, or a (nested) table of them
---@param options? cmml.grad.options create_graph (record the gradients, so that they can be differentiated again), retain (keep the graph for another gradient), grad_out (weight of each element of a loss that is not a single number)
---@return cmml.Tensor|table # of the structure of params; zeros where the loss does not depend on one
function cmml.grad(loss, params, options) end

---Turns the recording of ops on or off.
---@param on boolean
---@return boolean # the previous setting
function cmml.grad_enable(on) end

---Gradients of a scalar with respect to tensors.
---@param loss cmml.Tensor
---@param tensors table list of tracked tensors
---@param create_graph? boolean record the gradients, so that they can be differentiated
---@param retain? boolean keep the graph for another gradient
---@param grad_out? cmml.Tensor weight of each element of a loss that is not a scalar
---@return table # list of gradients; zeros for a tensor that the loss does not depend on
function cmml.grad_list(loss, tensors, create_graph, retain, grad_out) end

---@class cmml.gradcheck.options
---@field eps? number default 1e-05
---@field tolerance? number default 1e-06
---@field second? boolean default false

---Checks the derivatives of a function against central finite differences, in double precision.
---
---A result that is not a single number is weighted and added up. Keep the inputs away from kinks
---(relu at 0) by more than eps; a function that hides a part of itself from the gradient (detach)
---does not pass.
---@param f function of (c, ...): c is the double library, behind it come tensors of it, one for each input; it must compute with c (c.matmul, c.nn..) and return a tensor
---@param inputs table list of inputs: nested lists of numbers, numbers, or tensors of either library
---@param options? cmml.gradcheck.options eps (step of the differences, default 1e-5), tolerance (of |a - n| / max(1, |a|, |n|), default 1e-6), second (check second derivatives too, default false)
---@return boolean # true; raises if a derivative is wrong, and names the input, the element and both numbers
function cmml.gradcheck(f, inputs, options) end

---Groups of items by what a function says of each.
---@param items cmml.Vocab raw ids
---@param how function of an item's row and raw id: the name of its group (a text or number), a list of names, or nil
---@return table # names (list), group_ids, item_ids (Ids: the pairs), for `scenario_data`
function cmml.group_by(items, how) end

---The items with interactions of each group, for the groups that are large enough.
---@param groups table rows (Segments, one per group), columns (Ids: the items of each), as sparse gives them
---@param takers table rows (Segments, one per item), columns (Ids: the users who interacted with it)
---@param options table min_items, max_items: limits on the number of such items per group (default: none); min_users: minimum number of users who interacted with one of them (default 0)
---@return table # items: a list with Ids for each group within the limits, else false; n_items: the number of such items of each group; n_users: the number of users, counted up to min_users, 0 where the items are too few or too many
function cmml.group_items(groups, takers, options) end

---Groups ratings by user; of duplicate ratings of an item by a user the first is kept.
---@param users cmml.Ids user of each row
---@param items cmml.Ids item of each row
---@param ratings cmml.Tensor [rows]
---@param n_users integer
---@return table # users (Segments), items (Ids), ratings (Tensor)
---@return integer # number of duplicate rows that were dropped
function cmml.group_ratings(users, items, ratings, n_users) end

---a GRU over x [batch, time, inputs], weights as for gru_cell: the states after all steps [batch, time, hidden], starting from state [batch, hidden] or zeros; behind lengths[k] steps of row k they are 0 (last_step gives the last valid ones).
---@param x cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.gru(x, weight_ih, weight_hh, bias_ih, bias_hh, state, lengths) end

---one step of a GRU: x [batch, inputs], h [batch, hidden], weight_ih [3 hidden, inputs], weight_hh [3 hidden, hidden], biases [3 hidden] (gate rows r, z, n) give the next h: (1 - z) n + z h, n = tanh(W x + b + r (U h + c)).
---@param x cmml.Tensor
---@param h cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@return cmml.Tensor
function cmml.gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh) end

---the recurrent part of gru: projected [batch, time, 3 hidden] holds weight_ih x + bias_ih; weight_hh [3 hidden, hidden], bias_hh [3 hidden]; gives [batch, time, hidden].
---@param projected cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.gru_scan(projected, weight_hh, bias_hh, state, lengths) end

---1 where a > b, else 0, with broadcasting; has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.gt(a, b) end

---Prints what a function, class or method does, with its arguments, shapes and defaults.
---@param name? string "matmul", "nn.linear", "Tensor", "Recommender:adapt"; the last part of a name is enough. Without a name: what there is
function cmml.help(name) end

---mean of max(0, margin - positive + negative); the shapes must be equal.
---@param positive cmml.Tensor
---@param negative cmml.Tensor
---@param margin? number  (default 1)
---@return cmml.Tensor
function cmml.hinge(positive, negative, margin) end

---mean of e^2 / 2 where |e| <= delta, else delta (|e| - delta / 2), of e = a - b; the shapes must be equal (Huber 1964).
---@param a cmml.Tensor
---@param b cmml.Tensor
---@param delta? number  (default 1)
---@return cmml.Tensor
function cmml.huber(a, b, delta) end

---@class cmml.hybrids.dot.options
---@field width integer
---@field init? table

---The element-wise product of context and query ("dot" in the paper). No parameters.
---@param options cmml.hybrids.dot.options width, init
---@return cmml.DotHybrid # of (x, context [tasks, width], tasks), which reads joined matrices, giving one [rows, width]
function cmml.hybrids.dot(options) end

---@class cmml.hybrids.generator.options
---@field width integer
---@field hidden? table
---@field init? table

---A generator with layers of its own: an MLP on query and context side by side.
---@param options cmml.hybrids.generator.options width, hidden (widths of the hidden layers, default {width}), init
---@return cmml.GeneratorHybrid # of (x, context, tasks)
function cmml.hybrids.generator(options) end

---@class cmml.hybrids.inner.options
---@field width integer
---@field init? table

---The scalar product of context and query, one number a row: what the paper's word
---"dot-product" says, and its code does not do. No parameters.
---@param options cmml.hybrids.inner.options width, init
---@return cmml.InnerHybrid # of (x, context)
function cmml.hybrids.inner(options) end

---@class cmml.hybrids.mlp.options
---@field width integer
---@field init? table

---Query and context side by side: the modulation's first layers are the MLP ("MLP" in the paper,
---as published). No parameters.
---@param options cmml.hybrids.mlp.options width, init
---@return cmml.MlpHybrid # of (x, context, tasks)
function cmml.hybrids.mlp(options) end

---@class cmml.hybrids.none.options
---@field width integer
---@field init? table

---The context alone, the same for all rows of a task. No parameters.
---@param options cmml.hybrids.none.options width, init
---@return cmml.NoHybrid # of (x, context, tasks)
function cmml.hybrids.none(options) end

---A list of row numbers, 1-based; 0 stands for "unknown" and reads as a row of zeros.
---@param values table {3, 1, 4}
---@return cmml.Ids # with #ids, ids:totable() and == (the same numbers in the same order)
function cmml.ids(values) end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table
---@return cmml.Catalogue
function cmml.import_catalogue(values, schema) end

---A recommender from what `export` gave. Raises if the kind or a component is not known here.
---@param data table entries and config
---@return cmml.Recommender
function cmml.import_recommender(data) end

---A catalogue from what `export` gave. Nothing in it is trusted; raises plain messages.
---@param values table of the entries by name
---@param schema table plain data of the configuration
---@return cmml.ScenarioCatalogue
function cmml.import_scenario_catalogue(values, schema) end

---Properties of this build.
---@return table # version, dtype, blas, kernels (instruction set), max_dims
function cmml.info() end

---Whether a value is such a matrix.
---@param value any
---@return boolean
function cmml.is_joined(value) end

---Whether a value is a tensor of this library.
---@param value any
---@return boolean
function cmml.is_tensor(value) end

---@class cmml.item_knn.options
---@field damp? number default 0.2
---@field item_shrink? number default 5
---@field keep? integer default 500
---@field nearest? integer default 20
---@field shrink? number default 200
---@field user_shrink? number default 3

---Neighbours that have seen nothing yet; `fit` finds them.
---@param catalogue cmml.Catalogue
---@param options? cmml.item_knn.options nearest (items of the support that count at most, default 20), keep (neighbours of an item that are known at most, default 500), shrink (imaginary users who pull a similarity towards 0, default 200), damp (added to the sum of the similarities, default 0.2), item_shrink and user_shrink (of `item_user_mean`, 5 and 3)
---@return cmml.Recommender
function cmml.item_knn(catalogue, options) end

---@class cmml.item_mean.options
---@field item_shrink? number default 0
---@field user_shrink? number default 0

---A predictor that has seen nothing yet; `fit` counts.
---@param catalogue cmml.Catalogue
---@param options? cmml.item_mean.options item_shrink and user_shrink: how many imaginary ratings pull an item's part towards the mean of all, and a user's part towards 0
---@return cmml.Recommender
function cmml.item_mean(catalogue, options) end

---For each item its most similar items. Similarity is the cosine of the residuals of the users
---who rated both, times n / (n + shrink) for n such users; only positive ones are kept.
---@param users cmml.Segments the rows of each user
---@param items cmml.Ids [rows], none unknown
---@param residuals cmml.Tensor [rows]: ratings without the means of items and users
---@param items_of cmml.Segments the same rows by item: the rows of each item
---@param users_of cmml.Ids [rows]
---@param residuals_of cmml.Tensor [rows]
---@param keep integer maximum number of neighbours per item; at most the number of other items
---@param shrink number
---@return cmml.Ids # the neighbours, keep for each item, most similar first; 0 after the last
---@return cmml.Tensor # their similarities [items, keep]; 0 after the last
function cmml.item_neighbours(users, items, residuals, items_of, users_of, residuals_of, keep, shrink) end

---@class cmml.item_user_mean.options
---@field item_shrink? number default 0
---@field user_shrink? number default 0

---A predictor that has seen nothing yet; `fit` counts.
---@param catalogue cmml.Catalogue
---@param options? cmml.item_user_mean.options item_shrink and user_shrink: how many imaginary ratings pull an item's part towards the mean of all, and a user's part towards 0
---@return cmml.Recommender
function cmml.item_user_mean(catalogue, options) end

---Concatenates lists, with a shift added to the ids of each; unknown ids (0) stay unknown.
---@param lists table of Ids, at most 100
---@param shifts table a whole number for each
---@return cmml.Ids
function cmml.join_ids(lists, shifts) end

---The union of several sets, in which nothing is shared: raw ids and names of scenarios have
---the name of their set and a colon in front, and each scenario has its set as `domain` (unless
---it has one from an earlier union). Rows of a later set follow those of the earlier; `parts`
---tells how many users and items each has.
---@param list table of ScenarioData with different names
---@param name? string of the union (default: the names with + between)
---@return cmml.ScenarioData # with parts: a list of {name, n_users, n_items}
function cmml.join_scenarios(list, name) end

---The vectors of several sets as those of their union, in the order of `join_scenarios`.
---Narrower ones become as wide as the widest: repeated, [v; v], where that fits (as published:
---128 and 256), else followed by zeros.
---@param list table of Vectors
---@return cmml.Vectors # kind: that of all, or "joined"; options.widths: of each
function cmml.join_vectors(list) end

---A matrix of joined parts.
---@param parts table list of {table [n, width], ids, owners}: row r of the part is row ids[r] of its table, or row r where there are no ids. owners (Ids, if known): where each row of the table belongs to one task alone, the task
---@return cmml.Joined
function cmml.joined(parts) end

---activation(x weight^T + bias) of rows x that are joined from up to 4 parts, each a tensor [rows, width], or with ids a table [n, width] whose rows they name: parts that repeat are multiplied once.
---@param parts cmml.Tensor[] list of tensors
---@param weight cmml.Tensor
---@param bias? cmml.Tensor
---@param activation? string name of an activation, such as "relu" (default identity)
---@param ids1? cmml.Ids
---@param ids2? cmml.Ids
---@param ids3? cmml.Ids
---@param ids4? cmml.Ids
---@return cmml.Tensor
function cmml.joined_linear(parts, weight, bias, activation, ids1, ids2, ids3, ids4) end

---Reads JSON (RFC 8259, strictly; no key twice, at most 64 levels). Numbers written as integers
---that fit become integers, all others floats; null becomes `json_null`; arrays and objects become
---tables.
---@param text string
---@param what? string names the source in messages (default "JSON")
---@return any? # the value, nil if it is not JSON
---@return string # message on failure, with line and column
function cmml.json_decode(text, what) end

---a unique value
---@type userdata
cmml.json_null = nil

---The instruction set of the inner loops: by default the best that the processor supports.
---Results of different sets differ in their last digits.
---@param name? string sets it: `base`, `avx2` or `avx512`; an error if the processor or the build does not support it
---@return string # the current one
function cmml.kernels(name) end

---@class cmml.kmeans.options
---@field k integer
---@field restarts? integer default 10
---@field iterations? integer default 300
---@field seed? integer default 1

---Clusters by k-means: the best of several beginnings by k-means++ (Arthur and Vassilvitskii,
---2007). The same seed gives the same clusters; they are numbered by their first points.
---@param x cmml.Tensor [points, width], at least k different points
---@param options cmml.kmeans.options k (how many clusters); restarts (beginnings, default 10); iterations (at most, for each, default 300); seed (default 1)
---@return table # clusters (Ids [points]: the cluster of each), centres (Tensor [k, width]), inertia (sum of squared distances of points to their centres), iterations (of the best)
function cmml.kmeans(x, options) end

---Clusters of points by k-means with one k-means++ initialisation.
---@param x cmml.Tensor [points, width], contiguous
---@param k integer number of clusters
---@param options table iterations (maximum, default 300), seed (default 1), restart (distinguishes initialisations of one seed, default 0)
---@return cmml.Ids # [points] the cluster of each, numbered by their first points
---@return cmml.Tensor # centres [k, width]
---@return number # sum of the squared distances of points to their centres
---@return integer # number of iterations run
function cmml.kmeans_once(x, k, options) end

---the last valid step of each row: x [batch, time, ..] gives [batch, ..]; zeros where the length is 0; without lengths all steps are valid.
---@param x cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.last_step(x, lengths) end

---@class cmml.lastfm.options
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer
---@field min_plays? number default 1

---Reads a folder in the format of hetrec2011-lastfm-2k: an interaction is a user who played an
---artist (user_artists.dat), a scenario is a tag, its items the artists that anybody tagged so
---(user_taggedartists.dat, tags.dat) and somebody played. Artists that were tagged but never
---played are left out and counted in `unknown_items`. Titles come from artists.dat, if that is
---there.
---@param folder string
---@param options? cmml.lastfm.options min_items, max_items, min_users as of `scenario_data`; min_plays (an artist that a user played less often is no interaction, default 1)
---@return cmml.ScenarioData? # nil if a file is missing or malformed, or no tag is a scenario
---@return string? # message
function cmml.lastfm(folder, options) end

---(x - mean) / sqrt(variance + eps) * weight + bias over the last dim: x [.., width], weight and bias [width]; the variance divides by the width (Ba et al. 2016).
---@param x cmml.Tensor
---@param weight cmml.Tensor
---@param bias cmml.Tensor
---@param eps? number  (default 1e-5)
---@return cmml.Tensor
function cmml.layer_norm(x, weight, bias, eps) end

---1 where a <= b, else 0, with broadcasting; has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.le(a, b) end

---x where x > 0, else slope * x; its derivative at 0 is the slope.
---@param x cmml.Tensor
---@param slope? number  (default 0.01)
---@return cmml.Tensor
function cmml.leaky_relu(x, slope) end

---activation(x weight^T + bias): x [.., in], weight [out, in], bias [out] or none.
---@param x cmml.Tensor
---@param weight cmml.Tensor
---@param bias? cmml.Tensor
---@param activation? string name of an activation, such as "relu" (default identity)
---@return cmml.Tensor
function cmml.linear(x, weight, bias, activation) end

---Loads a model file. Nothing in it is trusted.
---@param path string
---@return cmml.Recommender? # nil if the file is missing, damaged or no model
---@return string|table # message, or what went with the model: tensors by name, notes, version
function cmml.load(path) end

---Loads vectors that were saved, with their ids. Nothing in the file is trusted. It does not
---tell what they were made of: `evaluate_ranking` cannot see a leak in them and says `unchecked`,
---unless their field `interactions` is set to what they were made of.
---@param path string
---@return cmml.Vectors? # nil if the file is missing, damaged or of another kind
---@return string? # message
function cmml.load_vectors(path) end

---natural logarithm.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.log(x) end

---log(1 / (1 + exp(-x))), without overflow.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.log_sigmoid(x) end

---x - log(sum(exp x)) along a dim (default: the last), without overflow.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function cmml.log_softmax(x, dim) end

---an LSTM over x [batch, time, inputs], weights and states as for lstm_cell: the states after all steps [batch, time, 2 hidden], starting from state [batch, 2 hidden] or zeros; behind lengths[k] steps of row k they are 0.
---@param x cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.lstm(x, weight_ih, weight_hh, bias_ih, bias_hh, state, lengths) end

---one step of an LSTM: x [batch, inputs], state [batch, 2 hidden] holding h, then c, weight_ih [4 hidden, inputs], weight_hh [4 hidden, hidden], biases [4 hidden] (gate rows i, f, g, o) give the next state: c = f c + i g, h = o tanh(c).
---@param x cmml.Tensor
---@param state cmml.Tensor
---@param weight_ih cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_ih cmml.Tensor
---@param bias_hh cmml.Tensor
---@return cmml.Tensor
function cmml.lstm_cell(x, state, weight_ih, weight_hh, bias_ih, bias_hh) end

---the recurrent part of lstm: projected [batch, time, 4 hidden] holds weight_ih x + bias_ih; weight_hh [4 hidden, hidden], bias_hh [4 hidden]; gives [batch, time, 2 hidden].
---@param projected cmml.Tensor
---@param weight_hh cmml.Tensor
---@param bias_hh cmml.Tensor
---@param state? cmml.Tensor
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.lstm_scan(projected, weight_hh, bias_hh, state, lengths) end

---1 where a < b, else 0, with broadcasting; has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.lt(a, b) end

---mean of |a - b|; the shapes must be equal.
---@param a cmml.Tensor
---@param b cmml.Tensor
---@return cmml.Tensor
function cmml.mae(a, b) end

---Renumbers ids: entry k becomes new[ids[k]]; unknown ids (0) stay unknown.
---@param ids cmml.Ids
---@param new cmml.Ids one entry for each number up to the largest in ids
---@return cmml.Ids
function cmml.map_ids(ids, new) end

---x [batch, time, ..] with zeros after the first lengths[k] steps of each row k.
---@param x cmml.Tensor
---@param lengths cmml.Segments
---@return cmml.Tensor
function cmml.mask_steps(x, lengths) end

---softmax over the last dim of x [batch, .., queries, keys], of the allowed keys alone: those up to the query's own number if causal, and the first lengths[k] of row k; the others have weight exactly 0, and so do all if none is allowed.
---@param x cmml.Tensor
---@param causal? boolean  (default false)
---@param lengths? cmml.Segments
---@return cmml.Tensor
function cmml.masked_softmax(x, causal, lengths) end

---matrix product over the last two dims, [.., m, k] * [.., k, n]; leading dims broadcast.
---@param a cmml.Tensor
---@param b cmml.Tensor
---@return cmml.Tensor
function cmml.matmul(a, b) end

---@class cmml.matrix_factorization.options
---@field bias_ridge? number default 3
---@field factors? integer default 8
---@field item_bias? string
---@field ridge? number default 10
---@field seed? integer default 1
---@field sweeps? integer default 20

---A matrix factorisation that has seen nothing yet; `fit` learns it.
---@param catalogue cmml.Catalogue
---@param options? cmml.matrix_factorization.options factors (default 8), ridge (of factors, default 10), bias_ridge (of the biases of users and items, default 3), item_bias ("solved", the default: with the factors, which is what somebody without taste would give; "mean": the mean of those who chose the item, shrunk towards that of all ratings by bias_ridge, which may predict better where nothing is known of a person), sweeps (over users and items, default 20), seed (of the factors that the first sweep begins with, default 1)
---@return cmml.Recommender
function cmml.matrix_factorization(catalogue, options) end

---largest element over one dim, or of all; keep leaves the dim with size 1; in a tie the gradient goes to the first alone; x must not be empty there.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function cmml.max(x, dim, keep) end

---the larger of a and b element by element, with broadcasting; in a tie the gradient goes to a alone.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.maximum(a, b) end

---mean over one dim, or over all; keep leaves the dim with size 1; NaN over no elements.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function cmml.mean(x, dim, keep) end

---Prepares a data set for MeLU's four tests. Existing users are those to learn from, new ones
---are the test users; existing items came out by `last_year`, new ones after it. The ratings of a
---user of one kind of items make a task if there are neither too few nor too many. Learnt is from
---existing users on existing items alone, and from the fields of these items: of a new item the
---model knows the values that it shares with them.
---
---MeLU judges existing users on existing items by what it trained on. Here a fixed random choice
---of ratings of each is held out, as in `warm_users`, and judged alone.
---@param dataset cmml.Dataset whose item records have a year, or titles that end in one, "(1995)"
---@param options? table test_users, valid, data_seed, catalogue: see `cold_users`; last_year (of existing items, default 1997), least and most (ratings of a task, default 13 and 100), held_out (default 10)
---@return table? # as from `cold_users`; evaluations are "warm", "user cold", "item cold" and "user and item cold"
---@return string? # message
function cmml.melu_quadrants(dataset, options) end

---Memory of the core.
---@return table # live, peak, cached (bytes), blocks, total (bytes ever allocated)
function cmml.memory() end

---The bags of several fields concatenated row by row, as embedding_fields reads them.
---@param bags table one {ids = Ids, segments = Segments or nil} per field, all with the same rows; at most 64
---@return table # {ids = Ids, segments = Segments}: segment (r - 1) F + f is field f of row r
function cmml.merge_bags(bags) end

---The ranking metrics of every task by name: recall@k, precision@k, hit@k, ndcg@k (gain: the
---label), ndcg_exp@k (gain: 2^label - 1), mrr@k, map@k, and of the whole list reciprocal_rank,
---average_precision and auc. Rows are ranked by score, highest first; among equal scores every
---order is as likely, and the expected value is given. A row is relevant if its label is above 0.
---@param score cmml.Tensor [rows]
---@param label cmml.Tensor [rows], not negative
---@param segments cmml.Segments one a task
---@param cutoffs? table  (default {10, 20})
---@return table # by name: a list with one number a task, NaN where it does not exist (no row is relevant; for auc also: all are); `summary` gives the mean of those that do
function cmml.metrics.ranking(score, label, segments, cutoffs) end

---The rating metrics of every task by name: mae, rmse, ndcg_exp@k.
---@param score cmml.Tensor [rows]
---@param label cmml.Tensor [rows]
---@param segments cmml.Segments one a task
---@param cutoffs? table  (default {1, 3})
---@return table # by name: a list with one number a task, NaN where it does not exist
function cmml.metrics.rating(score, label, segments, cutoffs) end

---What is known of a metric from its value for each task. Values that do not exist (NaN) are
---left out and counted.
---@param values table list of numbers, one a task
---@return table # mean, interval (half the width of the 95 % interval: 1.96 standard deviations / sqrt(tasks)), tasks (that count), skipped
function cmml.metrics.summary(values) end

---the smaller of a and b element by element, with broadcasting; in a tie the gradient goes to a alone.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.minimum(a, b) end

---Makes a folder and its parents; an existing one is fine.
---@param path string
---@return true?
---@return string # message on failure
function cmml.mkdir(path) end

---@class cmml.modulations.film.options
---@field activation string
---@field backbone table
---@field cond integer
---@field hyper table
---@field init? table
---@field inp integer

---FiLM layers: a_l = activation(gamma_l * (W_l a + b_l) + beta_l), with gamma_l and beta_l from
---a hypernetwork on the condition: a ReLU trunk with one linear head a layer (CMML eq. 11).
---@param options cmml.modulations.film.options inp, cond, backbone (widths of the modulated layers), hyper (widths of the trunk, as many), activation, init
---@return cmml.FilmModulation # of (x, condition, parts); children hyper.trunk, hyper.head, backbone, out
function cmml.modulations.film(options) end

---@class cmml.modulations.linear.options
---@field activation string
---@field backbone table
---@field cond integer
---@field hyper table
---@field init? table
---@field inp integer

---A generated last layer: the score is w . a + b, with a from an MLP on x that has the
---activation after every layer, and (w, b) from a ReLU MLP on the condition (CMML eq. 9).
---@param options cmml.modulations.linear.options inp, cond, backbone (widths of the MLP), hyper (widths of the other's hidden layers), activation, init
---@return cmml.LinearModulation # of (x, condition, parts); children backbone, hyper
function cmml.modulations.linear(options) end

---@class cmml.modulations.none.options
---@field activation string
---@field backbone table
---@field cond integer
---@field hyper table
---@field init? table
---@field inp integer

---No modulation: the layers a_l = activation(W_l a + b_l), and a linear map to the score.
---@param options cmml.modulations.none.options inp, cond (not read), backbone (widths of the layers), hyper (not read), activation, init
---@return cmml.NoModulation # of (x, condition, parts); children backbone, out
function cmml.modulations.none(options) end

---@class cmml.modulations.sigmoid.options
---@field activation string
---@field backbone table
---@field cond integer
---@field hyper table
---@field init? table
---@field inp integer

---Sigmoid layers: a_l = activation(sigmoid(g_l) * (W_l a + b_l)), with g_l from a hypernetwork
---like that of FiLM (CMML eq. 10).
---@param options cmml.modulations.sigmoid.options inp, cond, backbone (widths of the modulated layers), hyper (widths of the trunk, as many), activation, init
---@return cmml.SigmoidModulation # of (x, condition, parts); children as those of FiLM
function cmml.modulations.sigmoid(options) end

---@class cmml.modulations.soft.options
---@field inp integer
---@field cond integer
---@field backbone table
---@field hyper table
---@field activation string
---@field modules? integer default 4
---@field over? string default "sources"
---@field init? table

---Layers of modules: what module j of a layer reads is the sum over modules i of the layer
---before of P[i, j] times what i gives; P is a softmax of logits that a ReLU trunk on the
---condition gives for each layer. The last layer's modules are summed with weights of their own.
---@param options cmml.modulations.soft.options inp, cond, backbone (width of each layer's modules), hyper (widths of the trunk, as many), activation, modules (in each layer, default 4), over (what the weights of P sum to 1 over: "sources", the default and published code, or "targets", as the paper's wording can be read; the last layer's always sum to 1), init
---@return cmml.SoftModulation # of (x, condition, parts); children route.trunk, route.logits, module.<layer>.<module>, out
function cmml.modulations.soft(options) end

---@class cmml.movielens.options
---@field item_fields? table
---@field user_fields? table
---@field unknown? string
---@field min_count? integer

---Reads a folder in the format of MovieLens-1M: ratings.dat, users.dat, movies.dat and, if it is
---there, movies_extrainfos.dat (rate, director, actors). The timestamps are not used. Films 860
---and 1795 are films 811 and 1741 again; of a user's ratings of both the first is kept.
---@param folder string
---@param options? cmml.movielens.options item_fields, user_fields: lists of the fields to use (default: all of rate, genre, director, actor, or without extra information film, year, genre; gender, age, occupation, zip), {} for none; unknown and min_count as for `schema`
---@return cmml.Dataset? # nil if a file is missing or malformed
---@return string? # message
function cmml.movielens(folder, options) end

---@class cmml.movielens_scenarios.options
---@field by? string default "genre"
---@field min_rating? number
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer

---Reads a folder of MovieLens as scenarios: every rating is an interaction. Understands the
---files of MovieLens-1M and 10M (ratings.dat, movies.dat, tags.dat; `::` between the fields,
---UTF-8 or latin-1) and those of 20M, 25M and latest (ratings.csv, movies.csv, tags.csv). Films
---that nobody rated are left out and counted in `unknown_items`; a film without genres is in no
---group.
---@param folder string
---@param options? cmml.movielens_scenarios.options by: "genre" (the default); "combination": a group for every two genres that one film has, called "Comedy + Drama", of all films that have both, whatever else they have; "genre+combination": both; "tag": what people wrote, capital A to Z made small, spaces around it dropped, each film once a tag however many gave it; min_rating (ratings below are no interactions; default: all are); min_items, max_items, min_users as of `scenario_data`
---@return cmml.ScenarioData? # nil if a file is missing or malformed, or no group is a scenario
---@return string? # message
function cmml.movielens_scenarios(folder, options) end

---mean of (a - b)^2; the shapes must be equal.
---@param a cmml.Tensor
---@param b cmml.Tensor
---@return cmml.Tensor
function cmml.mse(a, b) end

---a * b element by element, with broadcasting (matmul is the matrix product).
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.mul(a, b) end

---1 where a differs from b, else 0, with broadcasting (NaN from all); has no gradient.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.ne(a, b) end

----x.
---@param x cmml.Tensor|number
---@return cmml.Tensor
function cmml.neg(x) end

---Predictions from the neighbours of items in the support of a task: the mean of their residuals,
---weighted by similarity.
---@param neighbours cmml.Ids as item_neighbours gives them
---@param similarities cmml.Tensor [items, keep]
---@param support cmml.Segments the support rows of each task
---@param support_items cmml.Ids [rows], none unknown
---@param residuals cmml.Tensor [rows]
---@param query cmml.Segments the query rows of each task
---@param query_items cmml.Ids [rows], none unknown
---@param nearest integer maximum number of neighbours used
---@param damp number is added to the sum of the weights
---@return cmml.Tensor # [query rows]; 0 without a neighbour
function cmml.neighbour_means(neighbours, similarities, support, support_items, residuals, query, query_items, nearest, damp) end

---@class cmml.network.options
---@field item_fields? table default {}
---@field user_fields? table default {}
---@field width? integer default 32
---@field beside? integer
---@field dim? integer
---@field encoder? string default "mean"
---@field encoder_widths? table default { 64 }
---@field encoder_detach? boolean default true
---@field label? string default "rating"
---@field label_hidden? integer default 64
---@field hybrid? string default "dot"
---@field modulation? string default "film"
---@field backbone? table default { 64, 64 }
---@field hyper? table default { 256, 256 }
---@field activation? string default "leaky_relu"
---@field encoder_options? table
---@field hybrid_options? table
---@field modulation_options? table
---@field encoder_negatives? boolean default true
---@field context_shrink? number default 0
---@field bias_start? table
---@field init? table

---CMML's network: from rows x to scores, modulated by the contexts of tasks.
---@param options cmml.network.options item_fields and user_fields (lists of {name, size, multi}; default none), width (of a field's vector), beside (width of vectors that are given beside the fields', default none), or instead of fields dim (of vectors that are given); encoder, encoder_widths, encoder_detach (the encoder sees x as a constant), encoder_negatives (false: it sees the positives of a binary support alone, the published "Non-negative-PE"; default true), context_shrink (the context of a support of n rows is multiplied by n / (n + context_shrink); default 0: it is as the encoder gives it), label ("rating": the number enters the encoder through an MLP 1 -> label_hidden -> label_hidden; "binary": above 0 is (1, 0), else (0, 1)), label_hidden, hybrid, modulation, backbone and hyper (widths), activation; encoder_options, hybrid_options, modulation_options (tables for the components' own options); bias_start (numbers by part of the network, such as {backbone = 0.1, hyper = 0.1, encoder = 0}: the biases of its linear layers start there); init. Defaults: the published code's sizes, and biases that start as `nn.linear` says.
---@return cmml.Network # with embed_fields, context and score
function cmml.network(options) end

---Random initial vectors of a factorisation: normal, zeros for a row without entries. The vector
---of a row depends on (seed, side, row) alone.
---@param matrix table as sparse gives it
---@param factors integer dimension of the vectors
---@param options table seed, side (distinguishes tables of one seed; default 0), scale (standard deviation, default 0.1)
---@return cmml.Tensor # [rows, factors]
function cmml.new_factors(matrix, factors, options) end

---The class `Module`.
---@type cmml.Module
cmml.nn.Module = nil

---The activation of that name.
---@param x cmml.Tensor
---@param name string "identity", "relu", "leaky_relu", "sigmoid" or "tanh"
---@return cmml.Tensor
function cmml.nn.activate(x, name) end

---@class cmml.nn.attention.options
---@field width integer
---@field heads integer
---@field causal? boolean default false
---@field init? table

---Multi-head self-attention (Vaswani et al. 2017): head h works on columns (h - 1) width / heads
---+ 1 to h width / heads of the query, key and value.
---@param options cmml.nn.attention.options width, heads (a divisor of width), causal (no key behind the query's own place; default false), init
---@return cmml.Attention # of (x [batch, time, width], lengths (Segments: how many keys of each row are valid) or nil, bias (added to the logits [batch, heads, time, time]) or nil) giving [batch, time, width]; children query, key, value and out, linear [width, width] with bias
function cmml.nn.attention(options) end

---Raises unless the core has an activation of this name.
---@param what string function and option, for messages
---@param name string
---@return string # name
function cmml.nn.check_activation(what, name) end

---A class of modules.
---@param name string shown by tostring, for example "cmml.Linear"
---@return cmml.Module # the class: give it a forward method; make objects with class.new()
function cmml.nn.class(name) end

---Initial values of layers that are given no init: one stream, so that no two start alike.
---@type table
cmml.nn.default_init = nil

---@class cmml.nn.dropout.options
---@field rate number
---@field place? integer default 0

---Dropout (Srivastava et al. 2014): active where it is called with a key, as in training.
---@param options cmml.nn.dropout.options rate (share of the entries set to 0), place (default 0; gives layers that are called with one key masks of their own)
---@return cmml.Dropout # of (x, key): key is a table {seed, epoch, task} (integers, 0 unless given), of which the mask is a function, or nil, which gives x itself
function cmml.nn.dropout(options) end

---@class cmml.nn.embedding.options
---@field size integer
---@field width integer
---@field mode? string default "mean"
---@field normal? boolean default true
---@field init? table

---A table of vectors by id, and the means or sums of bags of them.
---@param options cmml.nn.embedding.options size (rows), width, mode ("mean", the default, or "sum": what a bag of several ids gives), normal (start from N(0, 1), default true; else from U(-1/sqrt(size), 1/sqrt(size))), init
---@return cmml.Embedding # of (ids (Ids, from 1; 0: unknown), segments (Segments: the bags, ragged; nil: every id is one), rows (Ids: the bags wanted, in order; nil: all)) giving [bags, width], as the op embedding_bag: unknown ids count as absent, an empty bag gives zeros; parameter weight [size, width]
function cmml.nn.embedding(options) end

---@class cmml.nn.gru.options
---@field inp integer
---@field hidden integer
---@field init? table

---Gated recurrent unit (Cho et al. 2014), as the op gru.
---@param options cmml.nn.gru.options inp, hidden, init
---@return cmml.Gru # of (x [batch, time, inp], lengths (Segments) or nil, state [batch, hidden] or nil) giving all states [batch, time, hidden], 0 behind the lengths; parameters as `register_recurrent` says, gate rows in the order r, z, n
function cmml.nn.gru(options) end

---Where initial values come from: a keyed stream, the next number of it for every parameter.
---@param seed integer
---@return table # with uniform(shape, bound) and normal(shape)
function cmml.nn.init(seed) end

---@class cmml.nn.layer_norm.options
---@field width integer
---@field eps? number default 1e-05

---(x - mean) / sqrt(variance + eps) * weight + bias over the last dim (Ba et al. 2016).
---@param options cmml.nn.layer_norm.options width, eps (default 1e-5). Initial values: weight 1, bias 0.
---@return cmml.LayerNorm # of x [.., width] giving the same shape; parameters weight and bias [width]
function cmml.nn.layer_norm(options) end

---@class cmml.nn.linear.options
---@field inp integer
---@field out integer
---@field bias? boolean default true
---@field activation? string default "identity"
---@field init? table

---activation(x weight^T + bias).
---@param options cmml.nn.linear.options inp, out (sizes), bias (default true), activation (default "identity"), init (from nn.init). Initial values: U(-1/sqrt(inp), 1/sqrt(inp)), weight and bias (PyTorch's).
---@return cmml.Linear # of x [.., inp] (a tensor, or a joined matrix) giving [.., out]; parameters weight [out, inp], bias [out]
function cmml.nn.linear(options) end

---A list of modules as one module: children "0", "1", ..; list:at(i) counts from 1.
---@param modules table
---@return cmml.List # with no forward of its own
function cmml.nn.list(modules) end

---@class cmml.nn.lstm.options
---@field inp integer
---@field hidden integer
---@field init? table

---Long short-term memory, as the op lstm.
---@param options cmml.nn.lstm.options inp, hidden, init
---@return cmml.Lstm # of (x [batch, time, inp], lengths (Segments) or nil, state [batch, 2 hidden], which is h, then c, or nil) giving h and c of all steps, [batch, time, hidden] each, 0 behind the lengths; parameters as `register_recurrent` says, gate rows in the order i, f, g, o
function cmml.nn.lstm(options) end

---@class cmml.nn.mlp.options
---@field widths table
---@field activation? string default "relu"
---@field last? string default "identity"
---@field init? table

---Linear layers one after another, with an activation between them.
---@param options cmml.nn.mlp.options widths ({inp, .., out}, two at least), activation (default "relu"), last (activation of the last layer, default "identity"), init
---@return cmml.Mlp # of x [.., inp] giving [.., out]; children "0", "1", ..
function cmml.nn.mlp(options) end

---Registers the weights of a recurrent layer: weight_ih [gates hidden, inp], weight_hh [gates
---hidden, hidden], bias_ih and bias_hh [gates hidden], from U(-1/sqrt(hidden), 1/sqrt(hidden))
---(PyTorch's).
---@param module cmml.Module which gets the fields
---@param gates integer 3 for a GRU, 4 for an LSTM
---@param inp integer width of the input
---@param hidden integer width of the state
---@param init? table from nn.init
function cmml.nn.register_recurrent(module, gates, inp, hidden, init) end

---Runs a function without recording, and returns what it returns. The previous setting is
---restored afterwards, also after an error, which is raised again unchanged. It cannot yield out of
---a coroutine.
---@param f function
---@param ... any its arguments
function cmml.no_grad(f, ...) end

---Euclidean norm, the root of the sum of squares, over one dim, or over all; keep leaves the dim with size 1; its derivative at 0 is 0.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function cmml.norm(x, dim, keep) end

---Independent normal random numbers.
---@param shape table {2, 3}; {} for a scalar
---@param mean? number of the distribution (default 0)
---@param deviation? number standard deviation (default 1)
---@param key? table as for uniform
---@return cmml.Tensor
function cmml.normal(shape, mean, deviation, key) end

---Ones.
---@param shape table {2, 3}; {} for a single number
---@return cmml.Tensor # of that shape; untracked
function cmml.ones(shape) end

---All ops.
---@return table # by name: signature, args (in the language of `signature.h`), meta (the metamethod that it is, if any), doc, form ("primitive", "composite", "fused"), differentiable, nondiff (has no gradient by definition)
function cmml.ops() end

---An optimiser of parameters, which it moves into one block of memory.
---@param params table list of leaf tensors
---@param moments? integer per element: `adam` needs 2, `sgd` with momentum 1 (default 2)
---@return cmml.Optimizer
function cmml.optimizer(params, moments) end

---ragged rows as a padded batch: x [rows, ..] gives [segments, longest, ..], with zeros after each segment's rows.
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.pad_segments(x, segments) end

---Inputs by name: `cf_score`, the product of both vectors over the root of their width, which is
---of the size of 1 for vectors of unit size; `popularity`, the logarithm of 1 + how many users
---are known to have taken the item, less its mean, over its standard deviation.
---@type table
cmml.pair_inputs = nil

---The mean over tasks of the mean loss of their pairs.
---@param name string in `pair_losses`
---@param scores cmml.Tensor [rows]
---@param rows table positive, negative and each, as `core.paired_rows` gives them
---@param segments cmml.Segments which positives belong to which task
---@return cmml.Tensor # a single number
function cmml.pair_loss(name, scores, rows, segments) end

---The mean over the negatives of -log sigmoid(positive - negative) (Rendle and others, 2009).
---@param positive cmml.Tensor [n, 1]
---@param negative cmml.Tensor [n, each]
---@return cmml.Tensor # [n]
function cmml.pair_losses.bpr(positive, negative) end

---The mean over the negatives of max(0, 1 - positive + negative) (CMML eq. 4).
---@param positive cmml.Tensor [n, 1]
---@param negative cmml.Tensor [n, each]
---@return cmml.Tensor # [n]
function cmml.pair_losses.hinge(positive, negative) end

----log of the positive's share, where 1 is shared out by the exponentials of its score and those
---of its negatives: the more negatives, the more it is about the first places of a ranking.
---@param positive cmml.Tensor [n, 1]
---@param negative cmml.Tensor [n, each]
---@return cmml.Tensor # [n]
function cmml.pair_losses.softmax(positive, negative) end

---The users of a scenario.
---@param pairs table as scenario_pairs gives them
---@param scenario integer
---@return cmml.Ids # ascending
function cmml.pair_users(pairs, scenario) end

---The query of a draw as rows to be scored: for each task first the positives, then the
---negatives.
---@param query table segments, users, positives, negatives (the same number for each positive), as draw_scenarios gives them
---@return table # segments (of all rows), users, items, and positive, negative (Ids: the row of each positive and negative), each (number of negatives per positive)
function cmml.paired_rows(query) end

---A leaf with these numbers, tracked, to be learnt.
---@param values cmml.Tensor to start from
---@return cmml.Tensor # a copy, of the same shape
function cmml.parameter(values) end

---@class cmml.pca.options
---@field dims? integer default 2

---Principal component analysis, exact: eigenvectors of the covariance, in double precision. Of
---each component the number of largest magnitude is positive, so that the same points always give
---the same picture.
---@param x cmml.Tensor [points, width], at least 2 points that are not all the same; of points and width the fewer may be at most 4096
---@param options? cmml.pca.options dims (how many components, default 2)
---@return table # coordinates (Tensor [points, dims]), shares (list: the part of the variance that each component explains), components (Tensor [dims, width]), mean (Tensor [width])
function cmml.pca(x, options) end

---the dims in another order: dims[k] is the old dim that becomes dim k.
---@param x cmml.Tensor
---@param dims integer[] from 1
---@return cmml.Tensor
function cmml.permute(x, dims) end

---@class cmml.plateau.options
---@field lr number
---@field mode? string default "min"
---@field factor? number default 0.1
---@field patience? integer default 10
---@field threshold? number default 0.0001
---@field min_lr? number default 0

---Lowers a learning rate when a metric has ceased to improve.
---
---A value is better than the best so far by more than its share `threshold`, or it is a bad one;
---after more than `patience` bad ones in a row the rate is multiplied by `factor`.
---@param options cmml.plateau.options lr (to start from), mode ("min", the default, or "max": what is better), factor (default 0.1), patience (10), threshold (1e-4), min_lr (0)
---@return cmml.Plateau # a schedule, with fields best and bad
function cmml.plateau(options) end

---A recommender that has nothing to learn. `support_popularity`: the score of an item is how
---often it stands among the positives of the support ("ItemPop"). `popularity`: how many users
---took it, as the catalogue counts them, until `fit` counts anew; the same in every scenario.
---`cf_score`: the product of the vectors of user and item, the same in every scenario.
---@param catalogue cmml.ScenarioCatalogue|cmml.Vectors with vectors for `cf_score`
---@return cmml.Recommender
function cmml.popularity(catalogue) end

---x to the power of a number.
---@param x cmml.Tensor
---@param exponent number
---@return cmml.Tensor
function cmml.pow(x, exponent) end

---The options of a model: what was given, else what its preset says. Where a component is
---another than the preset's, the preset's options of that component do not count; beside given
---terms its term_start does not.
---@param name string of the function, for messages
---@param given table checked options; preset names the preset
---@param known table by key: the options that a model file keeps
---@param setting string that the preset has to be for
---@return table # a copy
function cmml.preset_options(name, given, known, setting) end

---Settings by name. `published-code`, the default, is what the paper's released code runs on
---MovieLens-1M. Those of the scenario setting stand under `paper/scenario` and
---`published-code/scenario`, and under the names of the code's data sets. Of the encoder
---ablation, `.._non_negative_pooling` sees no negatives. `recommended` is for ratings of users,
---`recommended/scenario` for scenarios, the latter also without modulation and without context.
---@type table
cmml.presets = nil

---The principal axes of points: unit eigenvectors of their covariance, each with its entry of
---largest magnitude positive. Computed in double precision.
---@param x cmml.Tensor [points, width], contiguous
---@param count integer number of axes
---@return cmml.Tensor # [count, width]; zeros for an axis without variance
---@return table # means of the columns
---@return table # variances along all min(points, width) axes, in descending order
function cmml.principal_axes(x, count) end

---The id of this process.
---@return integer
function cmml.process_id() end

---The number of processors that may run this program.
---@return integer # at least 1
function cmml.processors() end

---Metrics of ranked lists, for each task; NaN where undefined.
---@param score cmml.Tensor [rows]
---@param label cmml.Tensor [rows], relevant above 0
---@param segments cmml.Segments one per task
---@param cutoffs table the k of recall@k
---@return table # recall, precision, hit, ndcg, ndcg_exp, mrr, map: for each cutoff a list with one value per task
---@return table # reciprocal_rank, average_precision, auc: such a list
function cmml.ranking_metrics(score, label, segments, cutoffs) end

---The candidate items of a scenario for each user: all except those already known for the user.
---Raises if a held-out item is known already.
---@param candidates table scenarios (Segments), items (Ids, ascending within a scenario)
---@param scenario integer
---@param held table held-out pairs: label 1
---@param removed table list of known interactions: users (Segments), items (Ids, ascending within a user)
---@param users cmml.Ids
---@return table # segments (one per user, empty without both labels), users, items and labels of the rows
function cmml.ranking_rows(candidates, scenario, held, removed, users) end

---Metrics of predicted ratings, for each task; NaN where undefined.
---@param score cmml.Tensor [rows]
---@param label cmml.Tensor [rows], true ratings
---@param segments cmml.Segments one per task
---@param cutoffs table the k of ndcg_exp@k
---@return table # mae, rmse: a list with one value per task; ndcg_exp: such a list for each cutoff
function cmml.rating_metrics(score, label, segments, cutoffs) end

---Ratings by user as ratings by item.
---@param ratings table as group_ratings gives them
---@param n_items integer
---@return table # items (Segments, one per item), users (Ids), ratings (Tensor)
function cmml.ratings_by_item(ratings, n_items) end

---The ratings that some users gave, one row after another, and what they come to by item.
---@param ratings table grouped by user
---@param users table list of rows
---@param n_items integer
---@return table # items (Ids), labels [rows]
---@return cmml.Tensor # how many ratings each item has [n_items]
---@return cmml.Tensor # their sum [n_items]
function cmml.ratings_of(ratings, users, n_items) end

---Reads a .safetensors file, checked whole before anything of it is used.
---@param path string
---@return table? # tensors: a list, in the order of the file's header, of tables with name, dtype, shape and value (a Tensor for F32 and F64, a flat list of integers for I32 and I64, a string for U8); metadata: texts by key
---@return string # message on failure
function cmml.read_archive(path) end

---The contents of a file.
---@param path string
---@return string?
---@return string # message on failure
function cmml.read_file(path) end

---@class cmml.read_groups.options
---@field unknown? string default "error"
---@field prefix? string default ""
---@field delimiter? string default "\9"
---@field encoding? string default "utf-8"
---@field header? string default "none"
---@field item? string default "item"
---@field group? string default "group"

---Reads which items are in which groups: from a .json file, an object of item to the name of its
---group or a list of names; from any other file, lines of item and group, as often as an item is
---in groups.
---@param path string
---@param items cmml.Vocab of the interactions
---@param options? cmml.read_groups.options unknown: what an item is that has no interaction: "error" (the default), or "skip": left out and counted; prefix (in front of each name, default ""); of lines delimiter (default tab), encoding ("utf-8" or "latin-1"), header ("none", the default, "skip", or "names": then item and group, default "item" and "group", name their columns)
---@return table? # for `scenario_data`: names, group_ids, item_ids, unknown_items; nil if the file is missing, malformed or names unknown items
---@return string? # message with the line, or the item of an object
function cmml.read_groups(path, items, options) end

---Reads inputs of a catalogue.
---@param what string function and option, for messages
---@param catalogue cmml.ScenarioCatalogue
---@param names table list of names in `pair_inputs`
---@return integer # width of all together
---@return cmml.Tensor? # those of items side by side [items, ..]; nil: there are none
---@return function? # of (users, items) giving those of pairs [rows, ..]; nil: there are none
function cmml.read_pair_inputs(what, catalogue, names) end

---Reads inputs of a catalogue in the order of their names, all of them pair by pair.
---@param what string function and option, for messages
---@param catalogue cmml.ScenarioCatalogue
---@param names table list of names in `pair_inputs`
---@return integer # width of all together
---@return function? # of (users, items) giving them [rows, width]; nil: there are none
function cmml.read_pair_terms(what, catalogue, names) end

---Reads a delimited file into columns. Empty lines are passed over; lines end with LF or CRLF.
---
---Options: `delimiter` (1 to 8 bytes, default ","), `quotes` (RFC 4180; default only for ","),
---`encoding` ("utf-8", the default, or "latin-1"), `header` ("none", the default; "skip" passes
---over the first line; "names" finds the columns by it), `exact` (every line has as many fields as
---are declared, or in the header; default true), `columns`: a list of tables with `name`, `kind`,
---`separator` (of a list), `vocab` (a Vocab to extend; default a new one), `lookup` (true: nothing
---is added to it, unknown texts become 0) and `known` (true: nothing is added to it, an unknown
---text is an error).
---
---Kinds and their results: "text" (the default): `ids` and `vocab`; "list" (texts between
---separators): `ids`, `segments` and `vocab`; "number" (finite): `values`, a Tensor; "integer" (32
---bits): `values`, a list; "skip": nothing.
---@param path string
---@param options table
---@return table? # rows: their number; columns: by name, or by position if unnamed
---@return string # message on failure: file, line, column, and the text found there
function cmml.read_table(path, options) end

---1 / x.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.reciprocal(x) end

---A kind of recommender, found by its name in model files and on the command line.
---@param kind string
---@param title string for tables
---@return cmml.Recommender # the class: objects have it as metatable, and fields catalogue and options
function cmml.recommender_class(kind, title) end

---Kinds of recommenders by name.
---@type table
cmml.recommenders = nil

---Registers a component.
---@param kind string "encoder", "hybrid" or "modulation"
---@param name string for options, model files and tables
---@param constructor function of a table of options, giving a Module. The table holds the sizes that its kind is given, init (from nn.init, to be handed on to every layer), and what the network's option `<kind>_options` holds
---@return function # the constructor
function cmml.register_component(kind, name, constructor) end

---x where x > 0, else 0; its derivative at 0 is 0.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.relu(x) end

---Removes a file.
---@param path string
---@return true?
---@return string # message on failure, also when there is none
function cmml.remove_file(path) end

---the same elements in row-major order under another shape; one size may be -1.
---@param x cmml.Tensor
---@param shape integer[] sizes
---@return cmml.Tensor
function cmml.reshape(x, shape) end

---the solution u of (X^T X + diag(ridge)) u = b for each segment, whose rows of x are X: x [rows, width], b [segments, width] and ridge [width], above 0, give [segments, width]; solved in double, NaN without a unique solution.
---@param x cmml.Tensor
---@param b cmml.Tensor
---@param ridge cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.ridge_solve(x, b, ridge, segments) end

---The names of the rivals that learn from ratings alone, in order.
---@type table
cmml.rival_kinds = nil

---dot product of corresponding rows: the sum of a * b over the last dim.
---@param a cmml.Tensor
---@param b cmml.Tensor
---@return cmml.Tensor
function cmml.row_dot(a, b) end

---Saves a recommender: whole, or the file that stood there stays.
---@param model cmml.Recommender
---@param path string
---@param extra? table tensors (list of {name, tensor}) and notes (plain data) to go with it
---@return true?
---@return string? # message
function cmml.save(model, path, extra) end

---base with row k of x added to row ids[k], for every k; several may name one row.
---@param base cmml.Tensor
---@param x cmml.Tensor
---@param ids cmml.Ids
---@return cmml.Tensor
function cmml.scatter_add_rows(base, x, ids) end

---@class cmml.scenario_catalogue.options
---@field vectors? cmml.Vectors
---@field users? any
---@field items? any
---@field titles? table
---@field interactions? table

---A catalogue.
---@param options cmml.scenario_catalogue.options vectors (Vectors, a row for each user and item, or loaded ones, whose rows are found by raw id; without, only recommenders that need none can be made); users and items (Vocab; default: the ids of loaded vectors, or else "1", "2", ..); titles (list of texts, default none); interactions (who took what, as far as it is known: users = Segments, items = Ids; default: what the vectors were made of, where that is at hand)
---@return cmml.ScenarioCatalogue
function cmml.scenario_catalogue(options) end

---@class cmml.scenario_cmml.options
---@field activation? string
---@field backbone? table
---@field bias_start? table
---@field context_shrink? number
---@field dropout? number
---@field encoder? string
---@field encoder_detach? boolean
---@field encoder_negatives? boolean
---@field encoder_options? table
---@field encoder_widths? table
---@field hybrid? string
---@field hybrid_options? table
---@field hyper? table
---@field inputs? table
---@field loss? string
---@field modulation? string
---@field modulation_options? table
---@field preset? string default "paper/scenario"
---@field seed? integer default 1
---@field term_start? table
---@field terms? table
---@field unit_rows? boolean

---A CMML recommender of the scenario setting with fresh weights: a row is the vector of a user
---and that of an item, which are not learnt; support labels are 1 or 0.
---@param catalogue cmml.ScenarioCatalogue|cmml.Vectors with vectors; `ScenarioSplit:catalogue` makes one
---@param options? cmml.scenario_cmml.options preset (default "paper/scenario") and, over it, any option of `network` but those of fields and labels (encoder, hybrid, modulation, backbone, hyper, ..); inputs (names in `pair_inputs`, further columns of the rows; default none); terms (such names: what is added to the score with a learnt weight; default none), term_start (list of the weights that they begin with, default 0); unit_rows (true: every vector is divided by the root mean square of its numbers, so that what it says of taste is apart from how much there is of it; `cf_score` is the cosine then; default false); dropout (share of the vectors' numbers that training hides, others for each task, default 0); loss (a name in `pair_losses`, default "hinge"); seed of the initial weights (default 1). The preset's dim does not count: it is that of the vectors. Where a component is another than the preset's, the preset's options of that component do not count; beside given terms its term_start does not
---@return cmml.Recommender # its field `training` holds the preset's defaults for `train`
function cmml.scenario_cmml(catalogue, options) end

---@class cmml.scenario_data.options
---@field name? string default "data"
---@field users? any
---@field items? any
---@field user_ids? any
---@field item_ids? any
---@field interactions? table
---@field groups any
---@field titles? table
---@field min_items? integer default 101
---@field max_items? integer default 999
---@field min_users? integer default 2
---@field unknown? string default "error"
---@field raises? boolean default true

---Interactions and scenarios. An interaction says that a user took an item, a scenario is a
---group of items; only items that somebody took count.
---@param options cmml.scenario_data.options name (default "data"); interactions: a list of {user, item} in raw ids, or users, items (Vocab) with user_ids, item_ids (Ids: a row of each for every interaction); groups: a list of {name, items = Ids or list of row numbers or of raw ids as text, domain = text or nil}, or what `read_groups` or `group_by` gives, or a function for `group_by`; titles: list of texts by row of items; min_items (default 101), max_items (default 999), min_users (who took an item of it; default 2): groups that have fewer or more go to `left_out`; unknown: "error" (the default) or "skip", for raw ids in a list of groups that no interaction has; raises (default true; false: nil and a message where there is no interaction, or no group is a scenario)
---@return cmml.ScenarioData?
---@return string? # message, which tells the sizes of the groups where none is a scenario
function cmml.scenario_data(options) end

---@class cmml.scenario_loaders.options
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer
---@field min_plays? number
---@field by? string
---@field min_rating? number
---@field items? string

---The loaders of a source of scenarios, and what each is to be called with: what
---`scenario_source` reads, before anything is read.
---@param source string see `scenario_source`
---@param options? cmml.scenario_loaders.options min_items, max_items, min_users, min_plays, by, min_rating, items: see `scenario_source`
---@return table? # list of {folder, loader (its name in the library), options}; nil if a folder is of no known format, or no loader knows an option
---@return string? # message
function cmml.scenario_loaders(source, options) end

---The interactions with each scenario's items.
---@param taken table users (Segments), items (Ids, ascending within a user)
---@param scenarios table scenarios (Segments), items (Ids, ascending within a scenario)
---@return table # scenarios (Segments), users, items (Ids; ascending within a scenario)
function cmml.scenario_pairs(taken, scenarios) end

---A kind of recommender of the scenario setting; see `recommender_class`. It adapts to lists of
---{user, item, 1 or 0}, and its model files hold a ScenarioCatalogue.
---@param kind string
---@param title string for tables
---@return cmml.Recommender # the class
function cmml.scenario_recommender_class(kind, title) end

---@class cmml.scenario_source.options
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer
---@field min_plays? number
---@field by? string
---@field min_rating? number
---@field items? string

---Scenario data from a folder, whose files tell which loader reads it: `lastfm`
---(user_artists.dat), `yelp` (Yelp.txt), `taobao_themes` (theme_click_log.csv),
---`movielens_scenarios` (ratings.csv or ratings.dat). A folder that is not there is looked for in
---data/, where `cmml fetch` puts it. "a+b" is the union of two or more (`join_scenarios`).
---@param source string
---@param options? cmml.scenario_source.options min_items, max_items, min_users: for every set; min_plays (`lastfm`), by, min_rating (`movielens_scenarios`), items (`taobao_themes`): for those that know them; an option that none knows is refused
---@return cmml.ScenarioData? # nil if a folder is of no known format, or its loader fails
---@return string? # message
function cmml.scenario_source(source, options) end

---@class cmml.scenario_tasks.options
---@field batch? integer default 16
---@field candidates table
---@field negatives? string default "untouched"
---@field order? string default "mixed"
---@field pairs table
---@field query? integer default 128
---@field query_negatives? integer default 1
---@field rounds? integer default 1
---@field scenarios table
---@field seed? integer default 1
---@field shuffle? boolean default false
---@field support? integer default 64
---@field support_negatives? integer default 64

---A source of tasks, one a scenario; `ScenarioSplit:tasks` makes it.
---@param options cmml.scenario_tasks.options candidates (scenarios: Segments, items: Ids), pairs (known, support and query, see `core.draw_scenarios`), scenarios (list of numbers), and those of `ScenarioSplit:tasks`: support, support_negatives, query, query_negatives, batch, seed, order, negatives, shuffle, rounds
---@return cmml.ScenarioTasks
function cmml.scenario_tasks(options) end

---@class cmml.schema.declaration
---@field item? table default {}
---@field user? table default {}
---@field unknown? string default "zero"
---@field min_count? integer default 1

---Declares the fields of items and users.
---@param declaration cmml.schema.declaration item and user: lists of {name, multi = true if a row may have several values}; unknown: "zero" (an unseen value counts as absent, the default) or "learned" (it has a vector of its own); min_count: values seen fewer times count as unseen (default 1)
---@return table # the schema, checked
function cmml.schema(declaration) end

---row k repeated as often as segment k is long: x [segments, ..] gives [rows, ..].
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_expand(x, segments) end

---each row times the matrix of its segment: x [rows, in], weights [segments, in, out] give [rows, out].
---@param x cmml.Tensor
---@param weights cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_matmul(x, weights, segments) end

---largest of the rows of each segment, column by column: x [rows, ..] gives [segments, ..]; in a tie the gradient goes to the first alone; an empty segment gives zeros.
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_max(x, segments) end

---mean of the rows of each segment; an empty segment gives zeros.
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_mean(x, segments) end

---sum over the rows of each segment of their outer products: x [rows, a], y [rows, b] give [segments, a, b]; an empty segment gives zeros.
---@param x cmml.Tensor
---@param y cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_outer(x, y, segments) end

---Ridge regression of each group in closed form: the weights w that minimise the sum over its
---rows of (target - w . features)^2, plus ridge * w^2 for each weight. Not differentiable.
---@param features cmml.Tensor [n, width]
---@param rows cmml.Ids the row of the features of each target; 0 has zero features
---@param targets cmml.Tensor [rows]
---@param segments cmml.Segments the groups of the targets
---@param ridge cmml.Tensor [width], above 0 unless the features of every group are independent
---@return cmml.Tensor # [groups, width]; zeros for a group without rows
function cmml.segment_ridge(features, rows, targets, segments, ridge) end

---exp(x) / sum(exp x) within each segment, column by column: x [rows, ..] gives the same shape; without overflow.
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_softmax(x, segments) end

---sum of the rows of each segment: x [rows, ..] gives [segments, ..].
---@param x cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.segment_sum(x, segments) end

---Consecutive groups of rows, given by their lengths; a length may be 0.
---@param lengths table {4, 1, 6}
---@return cmml.Segments # with #segments, segments:totable(), segments:rows() (all together), segments:shortest() (nil without segments) and segments:groups() (Ids: the segment of each row)
function cmml.segments(lengths) end

---The entries of a list at whose positions another list has a known id, or a tensor is not zero.
---@param ids cmml.Ids
---@param where cmml.Ids|cmml.Tensor as long as ids; a tensor must be contiguous
---@return cmml.Ids # in their order
function cmml.select_ids(ids, where) end

---Gradient descent over the parameters of a module.
---@param module cmml.Module
---@param options? table lr (default 0.01), momentum (0), nesterov (false), weight_decay (0; L2, added to the gradient), clip, clip_norm and groups as for `adam`
---@return cmml.ModuleOptimizer
function cmml.sgd(module, options) end

---Threads that compute the gradient of a batch in shards. The function that a thread calls for a
---shard computes its loss, adds the gradients to the thread's optimiser, and returns the loss.
---@param threads integer the caller's among them: 1 to 64
---@param step function what the caller's thread calls for a shard
---@param optimizer cmml.Optimizer the caller's
---@param setup table plain data, of which each other thread gets a copy: path and cpath (for `package`) and module, whose function `start` is called with the copy and returns step and Optimizer of that thread; its parameters must have the same shapes in the same order
---@return cmml.ShardTeam # to be closed
function cmml.shard_team(threads, step, optimizer, setup) end

---1 / (1 + exp(-x)).
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.sigmoid(x) end

---1, 0 or -1 by the sign of x; has no gradient.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.sign(x) end

---The names of the simple predictors, in order.
---@type table
cmml.simple_kinds = nil

---Waits; a signal that the host handles ends that early.
---@param seconds number from 0 to 3600
function cmml.sleep(seconds) end

---rows first to last (both included) along a dim, without a copy.
---@param x cmml.Tensor
---@param dim integer from 1, or from the end if negative
---@param first integer from 1
---@param last integer
---@return cmml.Tensor
function cmml.slice(x, dim, first, last) end

---exp(x) / sum(exp x) along a dim (default: the last), without overflow.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function cmml.softmax(x, dim) end

---log(1 + exp(x)), without overflow.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.softplus(x) end

---A sparse matrix from its entries in any order. Weights of the same cell are summed; entries of
---weight 0 are dropped. Raises if a weight is negative or not finite.
---@param rows cmml.Ids row of each entry
---@param columns cmml.Ids column of each entry
---@param weights? cmml.Tensor [entries], not negative; nil: all 1
---@param n_rows integer
---@param n_columns integer
---@return table # rows (Segments, one per row), columns (Ids, ascending within a row), weights (Tensor)
function cmml.sparse(rows, columns, weights, n_rows, n_columns) end

---Starts a program in a new process, without a shell. It reads nothing from standard input. A
---process that is not kept in a variable is ended when the collector finds it.
---@param words table the program, which is looked for along PATH unless its name has a slash, and its arguments
---@param log? string file for its output (overwritten); nil: the output is discarded
---@return cmml.Process?
---@return string # message on failure
function cmml.spawn(words, log) end

---@class cmml.split_scenarios.options
---@field held_out? number default 0.2
---@field protocol? string default "no-leak"
---@field query_share? number default 0
---@field seed? integer default 1
---@field support_pairs? integer default 512
---@field test? number default 0.2
---@field valid? number default 0.1
---@field valid_held_out? number default 0.1

---Splits scenario data. Protocol "no-leak": some scenarios are kept for validation and test,
---and of every user with at least 3 interactions a random share is held out, in all scenarios:
---items belong to several scenarios, so that without it most of what a test scenario asks for
---would have been learnt from others. Vectors, supports, training and negatives see `known`
---alone. Protocol "published": the scenarios alone are split; within one that is judged, users
---are: the first in random order, until they have 512 pairs (half of them at most), are the
---support. What is judged there was in the vectors and in other scenarios: the split is `leaky`.
---@param data cmml.ScenarioData
---@param options? cmml.split_scenarios.options seed (default 1); held_out (share of a user's interactions for the test, 0.2) and valid_held_out (for validation, 0.1), rounded by chance; query_share (0: of the known interactions of every user this share stays out of `background`, and training asks for it alone, so that vectors made of `background` have not seen what training asks for, as they have not seen what the test asks for); valid and test (shares of the scenarios of each domain, 0.1 and 0.2); protocol; support_pairs (of a scenario that is judged as published, 512)
---@return cmml.ScenarioSplit
function cmml.split_scenarios(data, options) end

---square root; NaN below 0.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.sqrt(x) end

---x * x.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.square(x) end

---1 where x > 0, else `below`; has no gradient.
---@param x cmml.Tensor
---@param below? number  (default 0)
---@return cmml.Tensor
function cmml.step(x, below) end

---Initial values for a model that comes from a file: a parameter is made only if the file holds
---one of its shape, so that memory is in proportion to the file.
---@param tensors table list of {name, tensor}
---@return table # like `nn.init`
---@return table # the tensors by name
function cmml.stored_init(tensors) end

---by name
---@type table
cmml.streams = nil

---a - b element by element, with broadcasting.
---@param a cmml.Tensor|number
---@param b cmml.Tensor|number
---@return cmml.Tensor
function cmml.sub(a, b) end

---sum over one dim, or over all; keep leaves the dim with size 1.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function cmml.sum(x, dim, keep) end

---sum over the dims that the shape lacks or has as 1: the transpose of expand.
---@param x cmml.Tensor
---@param shape integer[] sizes
---@return cmml.Tensor
function cmml.sum_to(x, shape) end

---How often the item of each row occurs among the positives of its task's support.
---@param support table segments (one per task), items, labels [rows], positive above 0
---@param items cmml.Ids of the rows
---@param segments cmml.Segments the rows of each task
---@return cmml.Tensor # [rows]
function cmml.support_counts(support, items, segments) end

---A recommender that has nothing to learn. `support_popularity`: the score of an item is how
---often it stands among the positives of the support ("ItemPop"). `popularity`: how many users
---took it, as the catalogue counts them, until `fit` counts anew; the same in every scenario.
---`cf_score`: the product of the vectors of user and item, the same in every scenario.
---@param catalogue cmml.ScenarioCatalogue|cmml.Vectors with vectors for `cf_score`
---@return cmml.Recommender
function cmml.support_popularity(catalogue) end

---@class cmml.svg.heatmap.options
---@field title string
---@field values any
---@field rows table
---@field columns table
---@field spans? table
---@field low? number
---@field high? number
---@field metric? string
---@field note? string
---@field sided? boolean default false
---@field decimals? integer default 2

---A matrix as cells, darker where the value is larger.
---@param options cmml.svg.heatmap.options title; values (Tensor [rows, columns] or a list of lists; what is not finite is drawn as a dash); rows, columns (lists of names); spans (list of {name, columns}: bars over the columns, from the left); low, high (values of the lightest and darkest colour; default: the least and the largest); sided (true: orange below 0, white there, blue above); metric (what the values are); note; decimals (default 2; -1: the values are not written)
---@return string # an SVG document
function cmml.svg.heatmap(options) end

---@class cmml.svg.intervals.options
---@field title string
---@field rows table
---@field metric? string
---@field note? string
---@field decimals? integer default 3

---A chart of means with their intervals, a row each.
---@param options cmml.svg.intervals.options title; rows: a list of {label, mean, low, high}: low and high may be nil, a mean that is not finite is told as "no value"; with the fields group (rows that follow one another under one heading) and strong (true: stands out); metric (name of the axis); note (a line under the title); decimals (of the values, default 3)
---@return string # an SVG document
function cmml.svg.intervals(options) end

---@class cmml.svg.lines.options
---@field title string
---@field series table
---@field x? string
---@field y? string
---@field note? string

---A metric at several sizes, such as those of the support: a line for each series. Sizes stand
---at the same distance from one another.
---@param options cmml.svg.lines.options title; series: a list of {name, points}, with points a list of {x, mean, low, high}: low and high may be nil, and a mean that is not finite interrupts the line; x, y (names of the axes); note
---@return string # an SVG document
function cmml.svg.lines(options) end

---@class cmml.svg.routes.options
---@field title string
---@field panels table
---@field layers? table
---@field note? string
---@field across? integer default 3
---@field largest? number
---@field decimals? integer default 2

---Routes through layers of modules: circles, and edges that are thick and dark where the weight
---is large; on the strongest edge into each module stands its weight, if it is at least a
---twentieth of the largest.
---@param options cmml.svg.routes.options title; panels: a list of {title, routes}, with routes a list of matrices [from, to] (Tensors or lists), one for each gap between layers; a list of numbers leads to one place, as the last of a SoftModulation does; layers (names); across (panels in a row, default 3); largest (the weight of the thickest edge; default: the largest of each panel); note; decimals (default 2)
---@return string # an SVG document
function cmml.svg.routes(options) end

---@class cmml.svg.scatter.options
---@field title string
---@field points any
---@field groups? table
---@field order? table
---@field names? table
---@field labels? integer default 4
---@field x? string
---@field y? string
---@field note? string
---@field ticks? boolean default true

---Points in a plane; groups are told apart by colour and by shape.
---@param options cmml.svg.scatter.options title; points (Tensor [n, 2], or a list of {x, y}); groups (list of names, one a point; default: no groups), order (of the groups in the legend; default: as they come); names (list, one a point): labels (4) points of each group at most are labelled, those nearest to its middle first, where there is room; x, y (names of the axes); ticks (default true; false where numbers say nothing, as in t-SNE); note (a line under the title)
---@return string # an SVG document
function cmml.svg.scatter(options) end

---hyperbolic tangent.
---@param x cmml.Tensor
---@return cmml.Tensor
function cmml.tanh(x) end

---@class cmml.taobao_themes.options
---@field items? string default "clicked"
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer

---Reads a folder in the layout of Taobao's cloud theme click data (Tianchi, data set 9716): an
---interaction is a user who clicked an item, a scenario is a theme, called "theme N". Assumed of
---the files, which are comma-separated with a header: theme_click_log.csv has at least the
---columns user_id, theme_id and item_id (published: user_id, theme_id, item_id, leaf_cate_id,
---cate_level1_id, clk_cnt, reach_time), theme_item_pool.csv theme_id and item_id. The columns are
---found by their names, in any order; the other files of the set (purchases, vectors) are not
---read.
---Several clicks of a user on an item are one interaction, whatever the theme.
---@param folder string
---@param options? cmml.taobao_themes.options items: what a theme consists of: "clicked" (the default): items that were clicked in it; "pool": items of its pool (theme_item_pool.csv) that were clicked in any; min_items, max_items, min_users as of `scenario_data`
---@return cmml.ScenarioData? # nil if a file is missing or malformed, or no theme is a scenario
---@return string? # message
function cmml.taobao_themes(folder, options) end

---mean over tasks of the mean of (score - label)^2 within the task: score and label [rows], one segment per task (CMML eq. 5).
---@param score cmml.Tensor
---@param label cmml.Tensor
---@param segments cmml.Segments
---@return cmml.Tensor
function cmml.task_mse(score, label, segments) end

---@class cmml.tasks.options
---@field ratings table
---@field users table
---@field bags table
---@field query_ratings? table
---@field support? integer default 40
---@field query? integer default 10
---@field batch? integer default 32
---@field seed? integer default 1
---@field shuffle_labels? boolean default false
---@field shuffle? boolean default false
---@field short_supports? number default 0

---A source of tasks, one a user.
---@param options cmml.tasks.options ratings (grouped by user, as of a Dataset), query_ratings (likewise: where queries are drawn from; default: from ratings, beside the support, at most half of them), users (list of rows), bags (the user fields of all rows, from Catalogue:bags), support and query (rows of a task at most, default 40 and 10), batch (tasks at once, default 32), seed, short_supports (share of the tasks whose support is cut to a random length, uniform from 0 to the whole, so that a model learns to adapt to any number of ratings; default 0: none), shuffle_labels (permute the labels within each support set: how much does the context matter?), shuffle (visit in a fresh order each draw)
---@return cmml.Tasks
function cmml.tasks(options) end

---@class cmml.team.options
---@field shards? integer default 1
---@field threads? integer default 1
---@field modules? table default {}

---A team that computes gradients of a recommender's loss, which has to be the mean over the
---tasks of a batch of something that depends on the task and the parameters alone.
---@param model cmml.Recommender
---@param tasks cmml.Tasks where the batches come from
---@param optimizer cmml.ModuleOptimizer of the model's module, which gets the gradients
---@param options? cmml.team.options shards (of a batch, default 1: the whole at once; at most one a task), threads (the caller's among them, at most one a shard, default 1), modules (names that each other thread has to require first, default none)
---@return cmml.Team # with backward(draw, people) and close()
function cmml.team(model, tasks, optimizer, options) end

---A tensor from a number, or from nested lists of equal length. Raises if lists differ in length,
---are nested deeper than six, or hold anything but numbers.
---@param values number|table {{1, 2}, {3, 4}} gives shape 2x2
---@return cmml.Tensor # of the shape of the lists; untracked
function cmml.tensor(values) end

---The name of the class of tensors of this library: the float64 one has another.
---@type string
cmml.tensor_class = nil

---Whether a standard stream is a terminal.
---@param stream? string "stdin", "stdout" or "stderr" (default "stdout")
---@return integer? # its width in columns; nil if it is not a terminal
function cmml.terminal(stream) end

---Number of threads that OpenBLAS uses; a setting of the whole process, 1 by default.
---@param n? integer sets it
---@return integer # the current number
function cmml.threads(n) end

---The k largest elements along the last dim, largest first. In a tie the first comes first, and
---NaN ranks above all numbers. Gradients flow to the selected elements.
---@param x cmml.Tensor [.., n]
---@param k integer from 0 to n; for small k the cost is that of one pass over the elements
---@return cmml.Tensor # values [.., k]
---@return cmml.Ids # positions from 1 along the last dim, k for each row, one row after another, as `gather` takes them
function cmml.top_k(x, k) end

---@class cmml.train.options
---@field batch? integer
---@field choose? string
---@field clip? number
---@field clip_norm? number
---@field conditions? table default {}
---@field epochs? integer
---@field groups? table
---@field lr? number
---@field modules? table default {}
---@field momentum? number
---@field negatives? string
---@field notes? table default {}
---@field on_epoch? function
---@field on_step? function
---@field optimizer? string
---@field order? string
---@field out? string
---@field patience? integer
---@field query? integer
---@field query_negatives? integer
---@field resume? boolean default false
---@field rounds? integer
---@field schedule? any
---@field seed? integer default 1
---@field serve? cmml.ScenarioCatalogue
---@field shards? integer default 1
---@field short_supports? number
---@field shuffle? boolean
---@field support? integer
---@field support_negatives? integer
---@field threads? integer default 1
---@field valid_draws? integer
---@field valid_query? integer
---@field valid_users? integer
---@field warmup? integer
---@field watch? string
---@field weight_decay? number

---Trains a recommender that learns by gradients. Every epoch visits each training user once,
---with a fresh draw of support and query; then the validation users judge. A recommender of the
---scenario setting learns from a split in the same way: an epoch visits each training scenario
---`rounds` times; then the validation scenarios judge by full ranking.
---
---With `out`, a folder, each epoch leaves last.safetensors (model and state of the training) and
---log.csv there, and best.safetensors when the validation MAE has fallen, or the recall has risen
---(or always, with choose = "last").
---@param model cmml.Recommender its weights are changed; in the end they are the best ones (without a good epoch: those at the start)
---@param data table ratings (grouped by user), bags (user fields of all rows), train and valid (lists of user rows; without valid users the training loss chooses the epoch); or a ScenarioSplit
---@param options? cmml.train.options out; resume (go on with last.safetensors, bit for bit); epochs (30); patience (stop after so many epochs without improvement, 10; 0: never); seed (1); batch, support, query, short_supports (share of the training tasks whose support is cut to a random length, see `tasks`; of ratings of users alone), valid_query (of the validation users; default: query), lr, weight_decay, clip (math.huge: none; defaults: those of the model's preset); shuffle (visit the users in a fresh order each epoch, true; false: in the order of data.train, as the published code); choose (which epoch's weights count: "best", the default, or "last", which never stops for want of patience); optimizer ("adam", the default, "adamw" or "sgd"), momentum, clip_norm and groups (see `adam` and `sgd`); warmup (steps in which the rate rises, 0), schedule (nil: the rate stays; "cosine": down to 0 at the end of the last epoch; "plateau": told the validation MAE, or without validation users the training loss, with a patience of 2; or a table of options of `cosine` or `plateau` with that name as kind); shards of a batch (1), threads (1) and modules, see `team`: another number of shards gives other last digits, another number of threads the same; valid_draws (2; of scenarios 1); of scenarios alone: support_negatives, query_negatives, order, negatives (see `ScenarioSplit:tasks`), rounds (default: so many that an epoch has 200 steps), valid_users (of a scenario at most, a fixed sample, 100), watch (what chooses the epoch: "recall@20", the default, "recall@10" or "ndcg@20"; a plateau is told it, too) and serve (a ScenarioCatalogue: best.safetensors holds the model over it, see `ScenarioCmml:over`); conditions (plain data that a resumed run must have unchanged) and notes (plain data), both kept in the files; on_step(epoch, step, steps, loss); on_epoch(state, improved)
---@return table # epoch, best_epoch, best (validation MAE, or without validation users the training loss), stopped ("epochs", "patience" or "diverged"), message
function cmml.train(model, data, options) end

---The options of `train` that are for some kinds of data alone, as `args.check` reads them.
---@type table
cmml.training_options = nil

---two dims swapped (default: the last two).
---@param x cmml.Tensor
---@param a? integer from 1, or from the end if negative (default -2)
---@param b? integer from 1, or from the end if negative (default -1)
---@return cmml.Tensor
function cmml.transpose(x, a, b) end

---Returns memory kept for reuse to the system.
function cmml.trim() end

---@class cmml.tsne.options
---@field dims? integer default 2
---@field perplexity? number default 30
---@field iterations? integer default 1000
---@field exaggeration? number default 12
---@field rate? number
---@field init? string default "pca"
---@field seed? integer default 1
---@field on_iteration? function

---t-SNE, exact (van der Maaten and Hinton, 2008): places in a plane such that points are near
---one another where they were near before. The same points and options give the same picture. The
---first 250 iterations (a quarter, of fewer than 1000) exaggerate the attraction, with a momentum
---of 0.5; the others have 0.8. An iteration looks at every pair of points.
---@param x cmml.Tensor [points, width], 2 to 10000 points that are not all the same
---@param options? cmml.tsne.options dims (1 to 3, default 2); perplexity (about how many neighbours a point has, default 30; lowered to a third of the other points where there are few); iterations (default 1000); exaggeration (default 12); rate (of learning; default: points / exaggeration / 4, at least 50); init ("pca", or "random": it begins with small normal numbers); seed (of those, default 1); on_iteration (called with a table after each: iteration, iterations, divergence)
---@return table # coordinates (Tensor [points, dims]), divergence (of Kullback and Leibler), perplexity (that was used), note (text, if that is not the one asked for)
function cmml.tsne(x, options) end

---Affinities of points for t-SNE.
---@param x cmml.Tensor [points, width], contiguous; at most 10000 points
---@param perplexity number effective number of neighbours of a point; at least 1, below the number of points
---@return cmml.Tensor # [points, points], symmetric, with sum 1
function cmml.tsne_affinities(x, perplexity) end

---One step of t-SNE: gradient descent with momentum and a gain per element.
---@param affinities cmml.Tensor [points, points] as tsne_affinities gives them
---@param y cmml.Tensor [points, 1 to 3] positions
---@param velocity cmml.Tensor [points, 1 to 3]; zeros at the start
---@param gains cmml.Tensor [points, 1 to 3]; ones at the start
---@param options table rate (learning rate, default 200), momentum (0.8), exaggeration of the attraction (1), measure (whether to compute the divergence, which takes longer; default true)
---@return cmml.Tensor # updated y, with mean 0
---@return cmml.Tensor # velocity
---@return cmml.Tensor # gains
---@return number # Kullback-Leibler divergence before the step, without exaggeration; 0 if it is not measured
function cmml.tsne_step(affinities, y, velocity, gains, options) end

---@class cmml.tune.options
---@field data? any
---@field space any
---@field trials? integer default 20
---@field seed? integer default 1
---@field train_seed? integer default 1
---@field preset? string
---@field protocol? string
---@field setting? string
---@field valid? number
---@field data_seed? integer
---@field epochs? integer
---@field patience? integer
---@field quick? boolean default false
---@field best? integer default 10
---@field out? string
---@field jobs? integer default 1
---@field processes? boolean
---@field modules? table default {}
---@field load? table default {}
---@field quiet? boolean default true

---Searches settings at random: each trial takes its settings from a space, learns, and is judged
---on the validation tasks. Test users and scenarios are not looked at. With `out` finished trials
---are kept, and the same call goes on where it was interrupted, or with more trials.
---@param options cmml.tune.options data (folder; see `experiment`), space (a text such as "lr=log:1e-4:1e-2,batch=8|16|32,width=int:8:64", the path of a .lua or .json file, or a table: by name such a text, or a list of values); trials (how many, default 20); seed (of the search, 1) and train_seed (of every training, 1); preset (what the settings change); setting, protocol, valid, data_seed; epochs, patience (default: the preset's, or 30 and 5; of a preset with epochs of its own 0); quick (a small made world if there are no data); best (how many trials the text shows, default 10); out, jobs, processes, modules, load, quiet: see `experiment`
---@return table # text (Markdown), trials (list, best first: trial, value, values, epochs, best_epoch, seconds), metric, failures; with out, best.json there holds the best settings, as `cmml train --settings` takes them
function cmml.tune(options) end

---Independent uniform random numbers.
---@param shape table {2, 3}; {} for a scalar
---@param low? number lower bound (default 0)
---@param high? number upper bound, excluded (default 1)
---@param key? table seed, epoch, task, stream: the same key gives the same numbers
---@return cmml.Tensor
function cmml.uniform(shape, low, high, key) end

---zeros of the given size along a dim, holding x from row first on.
---@param x cmml.Tensor
---@param dim integer from 1, or from the end if negative
---@param first integer from 1
---@param size integer
---@return cmml.Tensor
function cmml.unslice(x, dim, first, size) end

---@class cmml.user_mean.options
---@field item_shrink? number default 0
---@field user_shrink? number default 0

---A predictor that has seen nothing yet; `fit` counts.
---@param catalogue cmml.Catalogue
---@param options? cmml.user_mean.options item_shrink and user_shrink: how many imaginary ratings pull an item's part towards the mean of all, and a user's part towards 0
---@return cmml.Recommender
function cmml.user_mean(catalogue, options) end

---@class cmml.user_protocol.options
---@field protocol? string default "full"
---@field test_users? any
---@field valid? number
---@field cap? integer
---@field data_seed? integer
---@field catalogue? table

---Prepares a data set by the protocol of a name.
---@param dataset cmml.Dataset
---@param options? cmml.user_protocol.options protocol: "full" (default) or "capped", see `cold_users`; "warm" or "warm-leaky", see `warm_users`; "melu", see `melu_quadrants`; test_users, valid, cap, data_seed and catalogue as those take them
---@return table? # see the head of protocol.lua
---@return string? # message
function cmml.user_protocol(dataset, options) end

---The names of the protocols of `user_protocol`.
---@type table
cmml.user_protocols = nil

---What `train` has to know of ratings of users.
---@param data table ratings, bags, train, valid, catalogue: see `train`
---@param catalogue cmml.Catalogue of the model
---@return table # a source; an error if the data have a catalogue of other items
function cmml.user_source(data, catalogue) end

---A function that gives the value and the gradient of another.
---@param f function of (params, ...) giving a loss
---@return function # of (params, ...) giving the loss and its gradients in params' structure
function cmml.value_and_grad(f) end

---mean of the squared distance from the mean (biased: divided by the count) over one dim, or over all; keep leaves the dim with size 1; NaN over no elements.
---@param x cmml.Tensor
---@param dim? integer from 1, or from the end if negative
---@param keep? boolean  (default false)
---@return cmml.Tensor
function cmml.variance(x, dim, keep) end

---An empty vocabulary, or one from the results of Vocab:export.
---@param bytes? string of all texts, one after the other
---@param offsets? table start of each text, counted from 0, and the end of the last
---@return cmml.Vocab?
---@return string # message, if bytes and offsets do not make a vocabulary
function cmml.vocab(bytes, offsets) end

---Prepares a data set for testing on training users ("warm-warm") besides unseen ones.
---
---Of every training user a fixed random choice of ratings is held out: nothing is trained or
---counted on them, no support has one, and they alone are judged. What is published instead is
---the leaky protocol: training users with a fresh draw of support and query from the ratings that
---were trained on.
---@param dataset cmml.Dataset
---@param options? table test_users, valid, data_seed, catalogue: see `cold_users`; cap (ratings kept of those that are not held out, chosen once; default: all), held_out (ratings of a training user, at most half of them, default 10), leaky (the published protocol, default false)
---@return table? # as from `cold_users`; evaluations are "warm users", or "warm users (leaky)", and "cold users"
---@return string? # message
function cmml.warm_users(dataset, options) end

---@class cmml.warmup.options
---@field steps integer
---@field start? number default 0.1
---@field lr? number
---@field schedule? table

---Raises a learning rate linearly, then follows another schedule. That one makes its first step
---when the warm-up is over; the values of the metric it is told from the start.
---@param options cmml.warmup.options steps (of the warm-up), start (the share of the rate at the first step, default 0.1), lr (to reach and keep), or instead of it `schedule` (to follow)
---@return cmml.Warmup # a schedule
function cmml.warmup(options) end

---x where mask > 0, else other, element by element, with broadcasting; the mask's gradient is 0.
---@param mask cmml.Tensor
---@param x cmml.Tensor|number
---@param other cmml.Tensor|number
---@return cmml.Tensor
function cmml.where(mask, x, other) end

---Writes a .safetensors file completely, or leaves the file at the path unchanged.
---@param path string in an existing folder
---@param entries table list of tables with name and value: a Tensor, a list of integers (written as I64, or I32 with dtype = "I32"), or a string (U8)
---@param metadata? table texts by key
---@return true?
---@return string # message on failure
function cmml.write_archive(path, entries, metadata) end

---Writes a file atomically: to a temporary file beside it, synced to disk, then renamed. If that
---fails, the old file stays unchanged.
---@param path string in an existing folder
---@param contents string
---@return true?
---@return string # message on failure
function cmml.write_file(path, contents) end

---A matrix as a tensor.
---@param x cmml.Joined|cmml.Tensor
---@return cmml.Tensor # [rows, width]; x itself if it is one
function cmml.written_out(x) end

---@class cmml.yelp.options
---@field min_items? integer
---@field max_items? integer
---@field min_users? integer

---Reads a folder in the format that S3-Rec published for Yelp: an interaction is a user with a
---place (Yelp.txt: `user item item ..`, one user a line), a scenario is an attribute of places
---(Yelp_item2attributes.json: item to list of attributes), called "attribute N". Places that
---nobody went to are left out and counted in `unknown_items`.
---@param folder string
---@param options? cmml.yelp.options min_items, max_items, min_users as of `scenario_data`
---@return cmml.ScenarioData? # nil if a file is missing or malformed, or no attribute is a scenario
---@return string? # message
function cmml.yelp(folder, options) end

---Zeros.
---@param shape table {2, 3}; {} for a single number
---@return cmml.Tensor # of that shape; untracked
function cmml.zeros(shape) end

---The same library over the float64 core, for checking gradients; loaded when first used.
---@type cmml
cmml.double = nil

return cmml
