-- en: Slice: new business by stage, with the amount weighted by its probability
-- zh: 切片：新业务按阶段，含按概率加权的金额
select sales_stage, count(*), sum(amount_e4) as amount__e4, sum(weighted_e4) as weighted_amount__e4
from opportunity where opportunity_type = 'New Business'
group by outcome, sales_stage
